import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { createNonce } from './crypto.js'

const info = 'passport-phonecheck/seal/1'
const nonceLength = 12
const tagLength = 16

/**
 * Encrypts what a flow must remember but its store must not read: the number, the provider's ids, a proven identity.
 *
 * AES-256-GCM under a key that only the requester's secret yields (HKDF-SHA256, salted with the
 * flow key). The context is authenticated with it, so a sealed text cannot be moved to another
 * flow, purpose or rung.
 */
export class Seal {
  readonly #key: Buffer

  constructor(requesterSecret: string, flowKey: string) {
    this.#key = Buffer.from(hkdfSync('sha256', requesterSecret, flowKey, info, 32))
  }

  close(content: unknown, context: string): string {
    const nonce = createNonce()
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
