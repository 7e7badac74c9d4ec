import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { JsonObject } from '../server/reply.js'

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

interface Key {
  readonly kid: string
  readonly pair: () => Promise<KeyPair>
}

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** The RSA keys under the callbacks: one signs, one more may linger in the JWKS. */
export class CallbackKeys {
  #current = firstKey()
  #previous: Key | undefined

  async current(): Promise<SigningKey> {
    const { kid, pair } = this.#current
    return { kid, privateKey: (await pair()).privateKey }
  }

  rotate(keepPrevious: boolean): void {
    this.#previous = keepPrevious ? this.#current : undefined
    this.#current = newKey()
  }

  async jwks(): Promise<JsonObject> {
    const keys = this.#previous === undefined ? [this.#current] : [this.#current, this.#previous]
    return { keys: await Promise.all(keys.map(jwk)) }
  }
}

let firstPair: Promise<KeyPair> | undefined

// All simulators of a process begin with the same pair, under names of their own: making one takes a while, and a suite
// of tests starts many simulators.
function firstKey(): Key {
  return {
    kid: newName(),
    pair: () => {
      firstPair ??= newPair()
      return firstPair
    },
  }
}

// Made when first needed, like the first one: most simulators send no callbacks.
function newKey(): Key {
  let pair: Promise<KeyPair> | undefined
  return {
    kid: newName(),
    pair: () => {
      pair ??= newPair()
      return pair
    },
  }
}

function newName(): string {
  return randomBytes(8).toString('hex')
}

function newPair(): Promise<KeyPair> {
  return promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
}

async function jwk({ kid, pair }: Key): Promise<JsonObject> {
  const { publicKey } = await pair()
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
}
