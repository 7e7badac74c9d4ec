import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'

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

const sealInfo = 'passport-phonecheck/seal/2'
const nonceLength = 12
const tagLength = 16

/**
 * A seal under a key that only the holder of a secret of {@link createSecret} can derive, such as
 * the starter of a flow.
 *
 * Its 256 random bits are a uniform key already, so HKDF-Expand alone derives from it (RFC 5869
 * section 3.3). For 32 bytes that is one HMAC: a whole HKDF was a twentieth of what a login costs.
 * @param secret of {@link createSecret}
 * @param owner the record that it belongs to: its key in the store
 */
export function sealFor(secret: string, owner: string): Seal {
  const key = createHmac('sha256', Buffer.from(secret, 'base64url')).update(`${sealInfo} ${owner}\u0001`).digest()
  return new Seal(key)
}

/** A seal under the application's secret, which may be any text: the whole HKDF-SHA256. */
export function sealUnder(applicationSecret: string, info: string): Seal {
  return new Seal(Buffer.from(hkdfSync('sha256', applicationSecret, '', info, 32)))
}

/**
 * Encrypts what must be remembered where the store must not read it: of a flow the number, the
 * provider's ids, a proven identity.
 *
 * AES-256-GCM. The context is authenticated with it, so a sealed text cannot be moved to another
 * flow, purpose or rung.
 */
class Seal {
  readonly #key: Buffer

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key
  }

  close(content: unknown, context: string): string {
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    cipher.setAAD(Buffer.from(context))
    return Buffer.concat([
      nonce,
      cipher.update(JSON.stringify(content), 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]).toString('base64url')
  }

  /**
   * @returns the content, or undefined when the text was sealed by another secret, for another
   * context, or was damaged.
   */
  open(sealed: string, context: string): unknown {
    try {
      const bytes = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceLength), {
        authTagLength: tagLength,
      })
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(bytes.subarray(bytes.length - tagLength))
      const text = Buffer.concat([
        decipher.update(bytes.subarray(nonceLength, bytes.length - tagLength)),
        decipher.final(),
      ])
      return JSON.parse(text.toString('utf8'))
    } catch {
      return undefined
    }
  }
}

export type { Seal }
