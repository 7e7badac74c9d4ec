import { type TwilioVerifyOptions, twilioVerify } from 'passport-phonecheck'
import type { SimulatorOptions } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import type { TestAppOptions } from './app.js'
import { adapterClock } from './hanging.js'
import { type LadderApp, ladderApp, type Mode } from './ladder.js'

export const twilioCalls = {
  send: 'POST /v2/Services/*/Verifications',
  check: 'POST /v2/Services/*/VerificationCheck',
}

export const twilioAccount = {
  serviceSid: `VA${'5'.repeat(32)}`,
  accountSid: `AC${'a'.repeat(32)}`,
  authToken: 'the-auth-token',
}

/** An app whose ladder is Twilio's rungs of these channels, and one clock for everything. */
export function twilioApp(
  mode: Mode,
  channels: readonly NonNullable<TwilioVerifyOptions['channel']>[] = ['sms'],
  options: TestAppOptions & { simulator?: SimulatorOptions } = {},
  clock: FakeClock = fakeClock(),
): Promise<LadderApp> {
  return ladderApp(
    mode,
    [],
    {
      ladder: (sim) =>
        channels.map((channel) =>
          twilioVerify({ ...twilioAccount, baseUrl: sim.url, clock: adapterClock(clock), channel }),
        ),
      ...options,
    },
    clock,
  )
}
