export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a vendor's JSON may hold where a text belongs: anything else is none. String() of an object may throw. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
