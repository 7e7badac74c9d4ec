import { randomUUID } from 'node:crypto'
import type { Behaviour } from '../behaviour.js'
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

/** What the platform of a virtual phone does with each kind of challenge. */
export function deviceTokens({ behaviour, pnv }: { behaviour: Behaviour; pnv: PnvIssuer }): FetchDeviceToken {
  return (phone, { kind, request }) => {
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
