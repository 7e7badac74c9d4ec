/** How strongly a method binds the login to the SIM: `high` PhoneCheck, `medium` MOCheck, `low` a typed SMS code. */
export type Assurance = 'high' | 'medium' | 'low'

export const strength: Readonly<Record<Assurance, number>> = { low: 0, medium: 1, high: 2 }

/** What a verified flow proved. The number comes from the flow's start, never from the redeeming request. */
export interface PhoneIdentity {
  /** Canonical E.164, such as `+12025550100`. Numbers are recycled: do not use it as the user's id. */
  readonly phoneNumber: string
  /** ISO 3166-1 alpha-2 region of the number. */
  readonly country: string
  /** Name of the rung that proved it, such as `phonecheck`. */
  readonly method: string
  /** How strong that proof is. */
  readonly assurance: Assurance
  /** What RFC 8176 calls that method, such as `['sms', 'otp']`; absent where it has no name for it. */
  readonly amr?: readonly string[]
  /** Who vouches for it, such as `idlayr`. */
  readonly vendor: string
  /** When the provider said yes. */
  readonly verifiedAt: Date
  /** What the flow was begun for; `login` unless it came from `phone.purpose()`. */
  readonly purpose: string
  /** Public id of the flow, as in events and in the vendor's `reference_id`. */
  readonly flowId: string
  /** Whether the user agreed to checks with the operator, where the device said so at start. Its word alone. */
  readonly consent?: boolean
}
