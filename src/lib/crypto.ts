import { createHmac, createSecretKey, hash, hkdfSync, randomFillSync, timingSafeEqual } from 'node:crypto'

// Asking the kernel once for 4 KiB and slicing it is several times cheaper than once for each secret.
const pool = Buffer.alloc(4096)
let used = pool.length

function randomBytes(size: number): Buffer {
  if (used + size > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + size))
  pool.fill(0, used, used + size)
  used += size
  return bytes
}

/** 256 random bits as 43 characters of base64url: a flow's handle, or the secret in its cookie. */
export function createSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A fresh nonce for AES-GCM. */
export function createNonce(): Buffer {
  return randomBytes(12)
}

/** The first 22 characters of a SHA-256 in base64url: 132 bits, enough to recognise a random secret or id. */
export function fingerprint(value: string): string {
  return hash('sha256', value, 'base64url').slice(0, 22)
}

/** Compares a presented value with a kept fingerprint in constant time. */
export function matches(value: string, expected: string): boolean {
  const actual = Buffer.from(fingerprint(value))
  const wanted = Buffer.from(expected)
  return actual.length === wanted.length && timingSafeEqual(actual, wanted)
}

/**
 * Turns the application's `secret` into a function that hides a phone number.
 *
 * There are few enough phone numbers to try them all against a plain hash; a key that is not in the
 * store prevents that.
 */
export function keyedHash(secret: string, info: string): (value: string) => string {
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', info, 32)))
  return (value) => createHmac('sha256', key).update(value).digest('base64url').slice(0, 22)
}

export const secretGrammar = /^[A-Za-z0-9_-]{43}$/

export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && secretGrammar.test(value)
}
