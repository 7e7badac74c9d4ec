import { hash } from 'node:crypto'
import type { CallContext, Outcome } from '../../contracts/provider.js'
import { isSuccess, type VendorResponse } from '../http/client.js'
import { type Attempt, outcomeUnknown } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { type CamaraApi, wordOf } from './api.js'
import { isToken } from './client-auth.js'

/** What a grant bought: the access token, and what came beside it. */
export interface Granted {
  token: string
  idToken: unknown
  answer: Attempt
}

export interface NumberVerifier {
  /**
   * Exchanges what the device brought. Sent once: a grant is good once.
   * @returns what it bought, or what ends the rung
   */
  exchange(form: Record<string, string>, context: CallContext): Promise<Granted | Outcome>
  /** Asks whether the SIM behind the token has this number. */
  verify(token: string, phoneNumber: string, context: CallContext): Promise<Outcome>
  /** After the grant was used: told to the operator, and the end of the rung. */
  spent(operation: 'token' | 'verify', answer: Attempt, context: CallContext): Outcome
}

const other = { outcome: 'unable', reason: 'other' } as const

/** RFC 6749 section 5.2: what is said of us and not of the grant. */
const clientFaults = ['invalid_client', 'unauthorized_client', 'invalid_scope', 'unsupported_grant_type']

/** The last two steps of Number Verification, however the device proved its SIM. @param hashed sends a SHA-256 only */
export function numberVerifier(
  api: CamaraApi,
  { hashed = false, timeoutMs }: { hashed: boolean | undefined; timeoutMs: number },
): NumberVerifier {
  function spent(operation: 'token' | 'verify', answer: Attempt, context: CallContext): Outcome {
    api.fault(operation, answer, context)
    if (answer instanceof TransportError || answer.status >= 500 || answer.status < 300) return { ...other, lost: true }
    return answer.status === 429 ? { outcome: 'unable', reason: 'quota_exceeded' } : other
  }

  function judgeRefusal(answer: Attempt, context: CallContext): Outcome {
    if (outcomeUnknown(answer)) return spent('token', answer, context)
    if (answer instanceof TransportError) throw api.fault('token', answer, context)
    const word = wordOf(answer)
    if (answer.status === 400 && word === 'invalid_grant') return { outcome: 'invalid_code' }
    const problem = api.fault('token', answer, context)
    if (answer.status === 401 || answer.status === 429 || clientFaults.includes(word ?? '')) throw problem
    // What one user's grant provokes must not look like an outage to all others.
    return other
  }

  return {
    spent,
    async exchange(form, context) {
      const answer = await api.token(form, 'send', context)
      if (answer instanceof TransportError || !isSuccess(answer)) return judgeRefusal(answer, context)
      const { access_token: token, token_type: type, id_token: idToken } = answer.body ?? {}
      // Of another type, such as DPoP, it would need a proof that we do not send.
      const isBearer = type === undefined || (typeof type === 'string' && type.toLowerCase() === 'bearer')
      return isToken(token) && isBearer ? { token, idToken, answer } : spent('token', answer, context)
    },
    async verify(token, phoneNumber, context) {
      const body = hashed ? { hashedPhoneNumber: hash('sha256', phoneNumber) } : { phoneNumber }
      const answer = await api.post('/verify', token, body, timeoutMs, context)
      return judgeVerify(answer) ?? spent('verify', answer, context)
    },
  }
}

/** @returns undefined for an answer that is no verdict */
function judgeVerify(answer: Attempt): Outcome | undefined {
  if (answer instanceof TransportError) return undefined
  const { status, body } = answer
  const word = wordOf(answer)
  if (status === 200) return judgeMatch(body)
  if (status === 403 && word === 'USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK')
    return { outcome: 'unable', reason: 'not_mobile_ip' }
  if (status === 422 && word === 'SERVICE_NOT_APPLICABLE') return { outcome: 'unable', reason: 'mno_not_supported' }
  return undefined
}

function judgeMatch(body: VendorResponse['body']): Outcome | undefined {
  const match = body?.['devicePhoneNumberVerified']
  if (match === true) return { outcome: 'verified' }
  return match === false ? { outcome: 'mismatch' } : undefined
}
