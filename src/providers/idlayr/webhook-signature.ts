import { createHash, verify as verifySignature } from 'node:crypto'
import type { Clock } from '../../contracts/clock.js'
import type { CallContext, WebhookRequest } from '../../contracts/provider.js'
import { deadlineIn, systemClock, wallTime } from '../../lib/clock.js'
import { PhoneCheckError } from '../../lib/errors.js'
import type { IdlayrApi } from './api.js'
import { VendorKeys } from './webhook-keys.js'

const maxSkewMs = 300_000
/** Everything that has to be signed; a signature over less, or over other things, is none. */
const components = ['(request-target)', 'host', 'date', 'x-tru-callback', 'digest']
/** Headers whose meaning would compete with what is signed. */
const rivals = ['x-date', 'signature', 'signature-input']

export interface VerifiedWebhook {
  /** `mo_check` or `phone_check`. */
  product: string
  /** Parsed from the very bytes whose digest was signed. */
  body: unknown
  /** Names this one message: what was signed, since the same signature can be written in several ways. */
  nonce: string
}

/**
 * Checks the vendor's webhook signature (draft-cavage-http-signatures). Written here because the
 * known library for it accepts a stale message when an unsigned `x-date` is added, and a signature
 * that covers no body.
 *
 * Keys come from the vendor's own JWKS only, chosen by `kid`; an unknown one costs at most one
 * fetch in 30 s. The algorithm follows from the key.
 */
export function webhookVerifier(api: IdlayrApi, rungName: string, clock: Clock = systemClock) {
  const keys = new VendorKeys(() => fetchKeys(api, clock), clock)

  return async ({ method, url, headers, body }: WebhookRequest, context: CallContext): Promise<VerifiedWebhook> => {
    const refuse = (reason: string): PhoneCheckError => {
      const message = `A webhook in the name of ${rungName} is not authentic (${reason}). If the vendor did send it, see that this server's clock is right, and that proxies and body parsers leave path, host and body as they come.`
      context.emit({ type: 'webhook_refused', method: rungName, reason, message })
      return new PhoneCheckError('flow_invalid', { message: 'The webhook is not authentic.' })
    }
    const header = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined)
    const authorization = header('authorization')
    const signature = authorization === undefined ? undefined : parseSignature(authorization)
    if (!signature || rivals.some((name) => headers[name] !== undefined)) throw refuse('malformed')
    const listed = signature.headers.split(' ')
    if (listed.length !== components.length || !components.every((name) => listed.includes(name)))
      throw refuse('components')

    const date = Date.parse(header('date') ?? '')
    // Written so that NaN is refused.
    if (!(Math.abs(wallTime(clock) - date) <= maxSkewMs)) throw refuse('date')
    if (!digestMatches(header('digest') ?? '', body)) throw refuse('digest')

    const { host, pathname, search } = new URL(url)
    const values: Record<string, string | undefined> = {
      '(request-target)': `${method.toLowerCase()} ${pathname}${search}`,
      host,
      date: header('date'),
      'x-tru-callback': header('x-tru-callback'),
      digest: header('digest'),
    }
    if (listed.some((name) => values[name] === undefined)) throw refuse('components')
    const key = await keys.find(signature.keyId).catch((cause: unknown) => {
      throw new PhoneCheckError('provider_unavailable', { cause })
    })
    if (!key) throw refuse('key')
    // Every key there is of this one kind: what the message says of its algorithm can only agree.
    if (![undefined, 'rsa-sha256'].includes(signature.algorithm)) throw refuse('algorithm')
    const signed = Buffer.from(listed.map((name) => `${name}: ${values[name]}`).join('\n'))
    if (!verifySignature('sha256', signed, key, Buffer.from(signature.signature, 'base64'))) throw refuse('signature')
    return { product: header('x-tru-callback') ?? '', body: parseJson(body), nonce: signed.toString() }
  }
}

interface SignatureParameters {
  keyId: string
  algorithm: string | undefined
  headers: string
  signature: string
}

/** @returns undefined for anything but one well-formed list in which no parameter comes twice */
function parseSignature(authorization: string): SignatureParameters | undefined {
  const list = /^Signature (.+)$/.exec(authorization)?.[1]
  const found = new Map<string, string>()
  for (const part of list?.split(/,\s*(?=[a-zA-Z]+=)/) ?? []) {
    const [, name, value] = /^([a-zA-Z]+)="([^"]*)"$/.exec(part) ?? []
    if (name === undefined || value === undefined || found.has(name)) return undefined
    found.set(name, value)
  }
  const [keyId, headers, signature] = [found.get('keyId'), found.get('headers'), found.get('signature')]
  if (!keyId || !headers || !signature || !/^[A-Za-z0-9+/]+=*$/.test(signature)) return undefined
  return { keyId, algorithm: found.get('algorithm'), headers, signature }
}

/**
 * The vendor's documents speak of Base64 in one place and of hex in another. All readings name the
 * same bytes, so none is weaker.
 */
function digestMatches(digest: string, body: Buffer): boolean {
  const value = /^SHA-256=(\S+)$/i.exec(digest)?.[1]
  const hash = createHash('sha256').update(body).digest()
  const hex = hash.toString('hex')
  return value === hash.toString('base64') || value === hex || value === Buffer.from(hex).toString('base64')
}

async function fetchKeys(api: IdlayrApi, clock: Clock): Promise<unknown> {
  const { status, body } = await api.fetchPublic('/.well-known/jwks.json', deadlineIn(4_000, clock))
  return status === 200 ? body : undefined
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
