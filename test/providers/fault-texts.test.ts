import {
  camaraNumberVerification,
  camaraOtpSms,
  idenfySms,
  moCheck,
  type Provider,
  phoneCheck,
  twilioVerify,
  vonageVerify,
} from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import type { FetchLike } from '../../src/providers/http/fetch.js'
import { camaraOptions } from '../support/camara.js'
import { callContext, startInput } from '../support/rung.js'
import { twilioAccount } from '../support/twilio.js'

/** Nothing listens there. */
const url = 'http://127.0.0.1:1'
const idlayr = { baseUrl: url, clientId: 'client', clientSecret: 'secret' }
const factories: Record<string, (more: object) => Provider> = {
  phoneCheck: (more) => phoneCheck({ ...idlayr, ...more }),
  moCheck: (more) => moCheck({ ...idlayr, ...more }),
  idenfySms: (more) => idenfySms({ baseUrl: url, apiKey: 'key', apiSecret: 'secret', ...more }),
  twilioVerify: (more) => twilioVerify({ ...twilioAccount, baseUrl: url, ...more }),
  vonageVerify: (more) =>
    vonageVerify({ channel: 'sms', brand: 'ACME', apiKey: 'key', apiSecret: 'secret', baseUrl: url, ...more }),
  camaraNumberVerification: (more) => camaraNumberVerification({ ...camaraOptions({ url }), ...more }),
  camaraOtpSms: (more) => {
    const { tokenUrl, apiRoot, clientId, clientAuth } = camaraOptions({ url })
    return camaraOtpSms({ tokenUrl, apiRoot, clientId, clientAuth, message: '{{code}}', ...more })
  },
}

const page: FetchLike = async () => ({
  status: 200,
  headers: { get: () => null },
  text: async () => '<!doctype html><title>Sign in to the hotel Wi-Fi</title>',
})

/** The names of the options that there are, as the factory itself lists them. */
function optionsOf(make: (more: object) => Provider): string[] {
  try {
    make({ nonsense: true })
  } catch (error) {
    return /the options are (.*)$/i.exec(String(error))?.[1]?.split(', ') ?? []
  }
  return []
}

describe.each(Object.entries(factories))('%s tells the operator to check options that it has', (_name, make) => {
  test.each([
    ['when a page of something in between answers', { fetch: page }],
    ['when nothing answers', {}],
  ])('%s', async (_case, more) => {
    const rung = make(more)
    const context = callContext()
    const started = await rung.start(startInput(), context).catch(() => undefined)
    // Number Verification asks its vendor nothing before the device has a code.
    if (started && 'check' in started) await rung.redeem?.(started.check, 'a-code', context).catch(() => {})
    await rung.close?.()
    const [event] = context.events
    const named = [...String(event && 'message' in event ? event.message : '').matchAll(/`(\w+)`/g)].map(
      ([, word]) => word,
    )
    expect(event).toMatchObject({ type: 'provider_outage' })
    expect(named).not.toEqual([])
    expect(optionsOf(make)).toEqual(expect.arrayContaining(named))
  })
})
