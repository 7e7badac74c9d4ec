import type { Outcome, Provider, Unable } from '../../contracts/provider.js'
import { systemClock } from '../../lib/clock.js'
import { optionError } from '../../lib/options.js'
import { isSuccess } from '../http/client.js'
import { tokenSource } from '../http/oauth-token.js'
import type { Attempt } from '../http/retry.js'
import { TransportError } from '../http/transport.js'
import { codeFault, sendFault } from '../http/vendor-fault.js'
import { amrOfCode, timeoutsOf } from '../options.js'
import { camaraApi, wordOf } from './api.js'
import { isToken } from './client-auth.js'
import { type CamaraOtpSmsOptions, otpSmsNames } from './options.js'

const factory = 'camaraOtpSms'
const resendAfterSeconds = 60

/** Where no token could be had: told by each caller that waited for it. */
class NoToken extends Error {
  readonly answer: Attempt

  constructor(answer: Attempt) {
    super('The operator gave no token.')
    this.answer = answer
  }
}

/**
 * CAMARA One Time Password SMS: the operator writes and checks the code, and sends it in a text of
 * yours.
 *
 * Neither call is ever repeated after it was sent: a second send is a second message, and a second
 * check of a right code reads as a wrong one.
 * @throws TypeError that names the option and the cure
 * @example
 * camaraOtpSms({
 *   tokenUrl: 'https://operator.example/token',
 *   apiRoot: 'https://operator.example',
 *   clientId: process.env.CAMARA_CLIENT_ID,
 *   clientAuth: { kind: 'basic', clientSecret: process.env.CAMARA_CLIENT_SECRET },
 *   message: '{{code}} is your code for Example',
 * })
 */
export function camaraOtpSms(options: CamaraOtpSmsOptions): Provider {
  const { name = 'camara-otp-sms' } = options ?? {}
  const timeoutsMs = timeoutsOf(factory, options?.timeoutsMs, { token: 4_000, send: 10_000, redeem: 8_000 })
  const api = camaraApi(factory, options, otpSmsNames, {
    name,
    api: 'one-time-password-sms',
    version: 'v1',
    timeoutsMs,
  })
  const { message, codeLength = 6, ttlSeconds = 300, clock = systemClock } = options
  if (message === undefined) throw optionError(factory, 'message', 'is missing; write one with {{code}} in it')
  const scope = options.scope ?? 'one-time-password-sms:send-validate'

  const tokens = tokenSource(async (deadline) => {
    const answer = await api.token({ grant_type: 'client_credentials', scope }, 'token', { deadline })
    if (answer instanceof TransportError || !isSuccess(answer)) throw new NoToken(answer)
    const { access_token: value, expires_in: expiresInSeconds } = answer.body ?? {}
    if (!isToken(value)) throw new NoToken(answer)
    return { value, expiresInSeconds }
  }, clock)

  type Context = Parameters<Provider['start']>[1]

  /** @throws PhoneCheckError without a token: then nothing was asked of the API */
  async function call(kind: 'send' | 'redeem', path: string, body: object, context: Context): Promise<Attempt> {
    for (let repeats = 0; ; repeats++) {
      const token = await tokens.get().catch((error: unknown) => {
        if (!(error instanceof NoToken)) throw error
        throw api.fault('token', error.answer, context, true)
      })
      const answer = await api.post(path, token, body, timeoutsMs[kind], context)
      if (answer instanceof TransportError || answer.status !== 401) return answer
      tokens.refuse(token)
      // A refused token means that nothing was done.
      if (repeats > 0) return answer
    }
  }

  return {
    name,
    vendor: options.vendor ?? 'camara',
    assurance: 'low',
    amr: amrOfCode('sms'),
    ttlSeconds,
    dwellSeconds: 60,
    sends: true,
    resendAfterSeconds,
    guessable: true,
    codeGrammar: /^[A-Za-z0-9]{4,10}$/,
    close: api.close,

    async start({ phoneNumber }, context) {
      const answer = await call('send', '/send-code', { phoneNumber, message }, context)
      if (!(answer instanceof TransportError)) {
        const id = isSuccess(answer) ? answer.body?.['authenticationId'] : undefined
        if (typeof id === 'string' && /^[\x21-\x7e]{1,36}$/.test(id)) {
          const challenge = { type: 'enter_code', length: codeLength } as const
          return { challenge, check: { id }, expiresInSeconds: ttlSeconds }
        }
        const unable = judgeSendRefusal(answer.status, wordOf(answer))
        if (unable) return unable
      }
      const problem = api.fault('send', answer, context)
      // About this number or our text, and the operator does not say which.
      if (!(answer instanceof TransportError) && answer.status === 400) return { unable: 'other' }
      throw sendFault(problem, resendAfterSeconds)
    },

    async redeem(check, code, context) {
      const body = { authenticationId: check.id, code }
      const answer = await call('redeem', '/validate-code', body, context)
      const judged = answer instanceof TransportError ? undefined : judgeValidation(answer.status, wordOf(answer))
      return judged ?? codeFault(answer, api.fault('redeem', answer, context))
    },
  }
}

function judgeSendRefusal(status: number, word: string | undefined): Unable | undefined {
  if (status === 403 && word === 'MAX_OTP_CODES_EXCEEDED') return { unable: 'busy' }
  if (status === 403 && (word === 'PHONE_NUMBER_NOT_ALLOWED' || word === 'PHONE_NUMBER_BLOCKED'))
    return { unable: 'blocked' }
  // CAMARA's common errors: the number is no customer of this operator.
  if ((status === 404 && word === 'IDENTIFIER_NOT_FOUND') || (status === 422 && word === 'SERVICE_NOT_APPLICABLE'))
    return { unable: 'mno_not_supported' }
  return undefined
}

/** @returns undefined for an answer that is no verdict */
function judgeValidation(status: number, word: string | undefined): Outcome | undefined {
  if (status === 204) return { outcome: 'verified' }
  if (status === 404 || (status === 400 && (word === 'VERIFICATION_EXPIRED' || word === 'VERIFICATION_FAILED')))
    return { outcome: 'unable', reason: 'expired' }
  // INVALID_OTP, or a form that no code of this operator has: what was typed is wrong.
  return status === 400 ? { outcome: 'invalid_code' } : undefined
}
