import { type Provider, verifyService } from 'passport-phonecheck'
import { basic, call, UnexpectedAnswer } from './call.js'

export interface PlivoOptions {
  authId: string
  authToken: string
  /** Of the Verify application. */
  appUuid: string
  baseUrl?: string
}

/** Plivo Verify. It keeps one session for each number while its code lives, which all logins of the number share. */
export function plivoSms({ authId, authToken, appUuid, baseUrl = 'https://api.plivo.com' }: PlivoOptions): Provider {
  const sessions = `${baseUrl}/v1/Account/${authId}/Verify/Session/`
  const authorization = basic(authId, authToken)
  return verifyService({
    name: 'plivo-sms',
    vendor: 'plivo',
    async start({ to, signal }) {
      const body = { recipient: to, app_uuid: appUuid, channel: 'sms', code_length: 6 }
      const { status, answer } = await call(sessions, authorization, body, { signal })
      if (status === 429) return { unable: 'busy' }
      if (status !== 202) throw new UnexpectedAnswer(status)
      // The library takes no id that is not a text for a check.
      return { id: answer['session_uuid'] as string }
    },
    async check({ id, code, signal }) {
      const url = `${sessions}${encodeURIComponent(id)}/`
      const { status, answer } = await call(url, authorization, { otp: code }, { signal })
      // The sentence is the yes: a 200 with another one is none.
      if (status === 200) return answer['message'] === 'session validated successfully.' ? 'verified' : 'invalid_code'
      if (status === 400) return 'invalid_code'
      if (status === 404) return 'expired'
      throw new UnexpectedAnswer(status)
    },
  })
}
