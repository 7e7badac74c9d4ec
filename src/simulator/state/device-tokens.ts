import { randomUUID } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
import type { OperatorTokens } from '../camara/operator-tokens.js'
import type { PnvIssuer } from '../firebase/pnv.js'
import { TokenError } from '../phones/token-error.js'
import type { VirtualPhone } from '../phones/virtual-phone.js'
import { isObject } from '../server/reply.js'

/** A challenge `get_token`, as an app hands it to the platform. */
export interface TokenRequest {
  readonly kind: string
  readonly request: unknown
}

export type FetchDeviceToken = (phone: VirtualPhone, wanted: TokenRequest) => string

export interface TokenSources {
  readonly behaviour: Behaviour
  readonly pnv: PnvIssuer
  readonly operatorTokens: OperatorTokens
}

/** What the platform of a virtual phone does with each kind of challenge. */
export function deviceTokens({ behaviour, pnv, operatorTokens }: TokenSources): FetchDeviceToken {
  return (phone, { kind, request }) => {
    if (kind === 'digital_credential') return operatorToken(phone, request, behaviour, operatorTokens)
    if (kind === 'firebase_pnv') return pnvToken(phone, request, behaviour, pnv)
    throw new TokenError('NotSupportedError', `a virtual phone fetches no token of kind ${kind}`)
  }
}

/** Android's custom flow: the nonce that the app was given goes all the way into the token. */
function pnvToken({ sim, operator }: VirtualPhone, request: unknown, behaviour: Behaviour, pnv: PnvIssuer): string {
  const given = isObject(request) ? request['nonce'] : undefined
  if (typeof given !== 'string') throw new TokenError('pnv/invalid-argument', 'the request must have a nonce')
  if (sim === null) throw new TokenError('pnv/unsupported-operation', 'no SIM in the phone')
  if (operator === 'unsupported') throw new TokenError('pnv/carrier-not-supported', 'not an operator of PNV')
  if (behaviour.deviceConsent === 'declined') throw new TokenError('pnv/credential-manager-error', 'the user said no')
  const nonces = { given, random: randomUUID(), absent: undefined }
  const nonce = nonces[behaviour.pnvNonce]
  return pnv.sign({ phoneNumber: sim, ...(nonce !== undefined && { nonce }) })
}

/** `navigator.credentials.get({ digital })` and Credential Manager: the answer as JSON. */
function operatorToken(
  { sim, operator }: VirtualPhone,
  request: unknown,
  { deviceAudience, deviceConsent }: Behaviour,
  tokens: OperatorTokens,
): string {
  const [wanted] = listIn(request, 'requests')
  const data = isObject(wanted) ? wanted['data'] : undefined
  const [query] = listIn(isObject(data) ? data['dcql_query'] : undefined, 'credentials')
  const protocol = isObject(wanted) ? wanted['protocol'] : undefined
  const [id, nonce] = [isObject(query) ? query['id'] : undefined, isObject(data) ? data['nonce'] : undefined]
  if (protocol !== 'openid4vp-v1-unsigned' || typeof id !== 'string' || typeof nonce !== 'string')
    throw new TokenError('TypeError', 'not a request of OpenID4VP')
  if (sim === null || operator === 'unsupported')
    throw new TokenError('NotSupportedError', 'no SIM of an operator with tokens')
  if (deviceConsent === 'declined') throw new TokenError('NotAllowedError', 'the user said no')
  const token = tokens.issue({ number: sim, nonce, audience: deviceAudience })
  return JSON.stringify({ protocol, data: { vp_token: { [id]: [token] } } })
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = isObject(value) ? value[name] : undefined
  return Array.isArray(list) ? list : []
}
