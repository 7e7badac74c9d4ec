/** Something that `phone.diagnose()` found. */
export interface Finding {
  /** `error`: logins fail, or are not safe. `warning`: they will, or may be. `note`: what could not be looked at. */
  level: 'error' | 'warning' | 'note'
  /** Stable. */
  code: string
  /** What is wrong, and what to change. Holds no secret and no number. */
  message: string
}
