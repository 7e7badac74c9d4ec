import { type Provider, verifyService } from 'passport-phonecheck'
import { basic, call, UnexpectedAnswer } from './call.js'

export interface SinchOptions {
  applicationKey: string
  applicationSecret: string
  baseUrl?: string
}

/** Sinch Verification by SMS. Each start has an id of its own, and a code is reported to it. */
export function sinchSms({
  applicationKey,
  applicationSecret,
  baseUrl = 'https://verification.api.sinch.com',
}: SinchOptions): Provider {
  const verifications = `${baseUrl}/verification/v1/verifications`
  const authorization = basic(applicationKey, applicationSecret)
  return verifyService({
    name: 'sinch-sms',
    vendor: 'sinch',
    // Sinch's own length, unless the template of your application says otherwise.
    codeLength: 4,
    async start({ to, flowId, resend, signal }) {
      // Unique for each message: Sinch refuses a reference that it has had.
      const reference = resend ? `${flowId}-${Date.now()}` : flowId
      const body = { identity: { type: 'number', endpoint: to }, method: 'sms', reference }
      const { status, answer } = await call(verifications, authorization, body, { signal })
      if (status !== 200) throw new UnexpectedAnswer(status)
      // The library takes no id that is not a text for a check.
      return { id: answer['id'] as string }
    },
    async check({ id, code, signal }) {
      const url = `${verifications}/id/${encodeURIComponent(id)}`
      const body = { method: 'sms', sms: { code } }
      const { status, answer } = await call(url, authorization, body, { signal, method: 'PUT' })
      if (status === 404) return 'expired'
      if (status !== 200 || answer['id'] !== id) throw new UnexpectedAnswer(status)
      if (answer['status'] === 'SUCCESSFUL') return 'verified'
      if (answer['status'] === 'DENIED') return { unable: 'blocked' }
      if (answer['reason'] === 'Invalid code') return 'invalid_code'
      return answer['reason'] === 'Expired' ? 'expired' : { unable: 'other' }
    },
  })
}
