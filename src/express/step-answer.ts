import type { NextStep } from '../login/types.js'

/** The wire form of a rung that was reached, the same for start, fallback and resend. */
export function toWire(handle: string, { id, method, challenge, expiresInSeconds, fallback, fallbackInSeconds, skipped }: NextStep) {
  return { flow: handle, id, method, challenge, expires_in: expiresInSeconds, fallback, fallback_in: fallbackInSeconds, skipped }
}
