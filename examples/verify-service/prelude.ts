import { type Provider, verifyService } from 'passport-phonecheck'
import { call, UnexpectedAnswer } from './call.js'

/**
 * Prelude. It checks a code by the number and not by the check's id, so all logins of a number share
 * one code at a time. A stranger gains nothing by that, as the code goes to the SIM.
 */
export function preludeSms({
  apiKey,
  baseUrl = 'https://api.prelude.dev',
}: {
  apiKey: string
  baseUrl?: string
}): Provider {
  const authorization = `Bearer ${apiKey}`
  return verifyService({
    name: 'prelude-sms',
    vendor: 'prelude',
    async start({ to, locale, flowId, signal }) {
      const body = {
        target: { type: 'phone_number', value: to },
        // `message`: only a code. Otherwise Prelude chooses, and may want its own SDK on the device.
        options: { code_size: 6, method: 'message', ...(locale && { locale }) },
        metadata: { correlation_id: flowId },
      }
      const { status, answer } = await call(`${baseUrl}/v2/verification`, authorization, body, { signal })
      if (status !== 200) throw new UnexpectedAnswer(status)
      if (answer['status'] === 'blocked') return { unable: 'blocked' }
      // `retry`: a further message of a check that lives already.
      if (answer['status'] !== 'success' && answer['status'] !== 'retry') throw new UnexpectedAnswer(status)
      // The library takes no id that is not a text for a check.
      return { id: answer['id'] as string }
    },
    async check({ to, code, signal }) {
      const body = { target: { type: 'phone_number', value: to }, code }
      const { status, answer } = await call(`${baseUrl}/v2/verification/check`, authorization, body, { signal })
      if (status !== 200) throw new UnexpectedAnswer(status)
      if (answer['status'] === 'success') return 'verified'
      if (answer['status'] === 'failure') return 'invalid_code'
      if (answer['status'] === 'expired_or_not_found') return 'expired'
      throw new UnexpectedAnswer(status)
    },
  })
}
