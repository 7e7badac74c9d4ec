import { createHash, sign } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import type { CallbackProduct } from '../phones/messages.js'
import type { JsonObject } from '../server/reply.js'
import type { SigningKey } from './callback-keys.js'

/** A callback to sign: right unless told otherwise, so that a test can ask for exactly one thing that is wrong. */
export interface CallbackDraft {
  /** Where it is going to be posted: host, path and query are signed over. */
  readonly url: string
  /** Text as it is, anything else as JSON. */
  readonly body: string | JsonObject
  readonly product: CallbackProduct
  /** Milliseconds since the epoch, or the header's text as it is. Default: the simulator's time. */
  readonly date?: number | string
  /** Added to the headers, or put in place of them, before signing. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is signed over, in this order. Default: `(request-target) host date x-tru-callback digest`. */
  readonly signed?: readonly string[]
  /** Default: the current key's. */
  readonly keyId?: string
  /** What the signature claims to be; it is RSA with SHA-256 anyway. Default 'rsa-sha256'. */
  readonly algorithm?: string
  /** Default: `behaviour.digestEncoding`. */
  readonly digestEncoding?: Behaviour['digestEncoding']
  /** Signs in place of the simulator's key; returns what goes into `signature`. */
  readonly sign?: (text: string) => string
}

/** A callback as it goes over the wire. */
export interface SignedCallback {
  readonly url: string
  readonly method: 'POST'
  /** By lower-case name. */
  readonly headers: Record<string, string>
  readonly body: string
}

export const signedByDefault: readonly string[] = ['(request-target)', 'host', 'date', 'x-tru-callback', 'digest']

export function signedCallback(
  draft: CallbackDraft,
  key: SigningKey,
  now: number,
  encoding: Behaviour['digestEncoding'],
): SignedCallback {
  const { pathname, search, host } = new URL(draft.url)
  const body = typeof draft.body === 'string' ? draft.body : JSON.stringify(draft.body)
  const headers: Record<string, string> = {
    host,
    date: typeof draft.date === 'string' ? draft.date : new Date(draft.date ?? now).toUTCString(),
    'content-type': 'application/json',
    'x-tru-callback': draft.product,
    digest: `SHA-256=${digest(body, draft.digestEncoding ?? encoding)}`,
    ...Object.fromEntries(Object.entries(draft.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
  }
  const signed = draft.signed ?? signedByDefault
  const line = (name: string) =>
    name === '(request-target)' ? `post ${pathname}${search}` : (headers[name.toLowerCase()] ?? '')
  const text = signed.map((name) => `${name.toLowerCase()}: ${line(name)}`).join('\n')
  const signature = draft.sign?.(text) ?? sign('sha256', Buffer.from(text), key.privateKey).toString('base64')
  const claims = {
    keyId: draft.keyId ?? key.kid,
    algorithm: draft.algorithm ?? 'rsa-sha256',
    headers: signed.join(' '),
    signature,
  }
  const authorization = `Signature ${Object.entries(claims)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}`
  return { url: draft.url, method: 'POST', headers: { authorization, ...headers }, body }
}

function digest(body: string, encoding: Behaviour['digestEncoding']): string {
  const hash = createHash('sha256').update(body)
  if (encoding === 'base64') return hash.digest('base64')
  const hex = hash.digest('hex')
  return encoding === 'hex' ? hex : Buffer.from(hex).toString('base64')
}
