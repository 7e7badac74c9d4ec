import {
  camaraNumberVerification,
  camaraOtpSms,
  firebasePnv,
  type OwnMessage,
  operatorToken,
  ownSms,
  type Provider,
  twilioSna,
  twilioVerify,
  verifyService,
  vonageVerify,
} from 'passport-phonecheck'
import type { Simulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { calls as camaraCalls, camaraClients, camaraOptions } from './camara.js'
import { jwksCall, project } from './firebase.js'
import { adapterClock } from './hanging.js'
import { type Answer, calls, type LadderApp, ladderApp, type Mode, rungs, type Visitor } from './ladder.js'
import { operatorTokenOptions, tokenCalls } from './operator-token.js'
import { twilioAccount, twilioCalls } from './twilio.js'
import { vonageCalls } from './vonage.js'

/** What an application's own sender or service does next. */
export type Mood = 'well' | 'busy' | 'blocked' | 'declined' | 'outage' | 'slow' | 'malformed'

/** An application's own sender and service, on this machine: what `ownSms` and `verifyService` call. */
export class OwnVendor {
  mood: Mood = 'well'
  /** Calls that hang now. */
  hanging = 0
  readonly #codes = new Map<string, string>()
  readonly #latest = new Map<string, string>()

  /** The code of the newest message to that number. */
  codeOf = (phoneNumber: string): string => this.#latest.get(phoneNumber) ?? ''

  send = async ({ to, code }: Pick<OwnMessage, 'to' | 'code'>): Promise<unknown> => {
    const refused = await this.#answer()
    if (refused === undefined) this.#latest.set(to, code)
    return refused === 'malformed' ? { ok: false } : refused && { refused }
  }

  start = async ({ to }: { to: string }): Promise<never> => {
    const unable = await this.#answer()
    if (unable === 'malformed') return {} as never
    if (unable) return { unable } as never
    const id = `check-${this.#codes.size + 1}`
    const code = String(100_000 + this.#codes.size)
    this.#codes.set(id, code)
    this.#latest.set(to, code)
    return { id } as never
  }

  check = async ({ id, code }: { id: string; code: string }): Promise<never> => {
    const unable = await this.#answer()
    if (unable) return { status: 'ok' } as never
    if (!this.#codes.has(id)) return 'expired' as never
    const isRight = this.#codes.get(id) === code
    if (isRight) this.#codes.delete(id)
    return (isRight ? 'verified' : 'invalid_code') as never
  }

  async #answer(): Promise<Exclude<Mood, 'well' | 'outage' | 'slow'> | undefined> {
    if (this.mood === 'outage') throw new Error('503')
    if (this.mood === 'slow') {
      this.hanging += 1
      return new Promise(() => {})
    }
    return this.mood === 'well' ? undefined : this.mood
  }
}

/** One rung with its vendor, and how a device wins it. */
export interface Rig {
  rung(sim: Simulator, clock: FakeClock, own: OwnVendor): Provider
  /** Where the rung's code is, under src/providers. */
  source: string
  /**
   * The vendor's calls that decide, for faults; undefined where none is made. Without `calls` they are
   * the application's own.
   */
  calls?: { start: string | undefined; verify: string }
  /** Milliseconds from the device's part to the first question after it. */
  waitMs?: number
  /** Does the device's part. @returns what it posts to verify */
  prove(visitor: Visitor, started: Answer, own: OwnVendor): Promise<Record<string, unknown>>
  /** A proof of the right form that nobody was given. */
  madeUp?: string
}

/** What an SDK reads at the end of a check URL, as it is. */
async function openUrl({ phone }: Visitor, { body }: Answer): Promise<Record<string, unknown>> {
  const end = await phone.open(body.challenge.url)
  if (end.error === undefined) return end.body as Record<string, unknown>
  return { error: end.error, error_description: end.error_description }
}
const typeCode = async (visitor: Visitor) => ({ code: visitor.code() })
const typeOwnCode: Rig['prove'] = async ({ number }, _started, own) => ({ code: own.codeOf(number) })
const vonage = (sim: Simulator, clock: FakeClock, channel: 'silent_auth' | 'sms') => {
  const account = { brand: 'ACME', apiKey: 'key', apiSecret: 'secret' }
  return vonageVerify({ ...account, channel, baseUrl: sim.url, clock: adapterClock(clock) })
}
const vonageRigCalls = { start: vonageCalls.create, verify: vonageCalls.check }

/** Every kind of rung that the library has, by its name. */
export const everyRung: Readonly<Record<string, Rig>> = {
  phonecheck: {
    source: 'idlayr/phonecheck.ts',
    rung: rungs.phonecheck,
    calls: { start: calls.create, verify: calls.patch },
    prove: openUrl,
    madeUp: 'a-code-of-nobodys',
  },
  mocheck: {
    source: 'idlayr/mocheck.ts',
    rung: rungs.mocheck,
    calls: { start: calls.moCreate, verify: calls.moRead },
    waitMs: 3_000,
    async prove({ phone }, { body: { challenge } }) {
      await phone.send(challenge.to, challenge.body)
      return {}
    },
  },
  'number-verification': {
    source: 'camara/number-verification.ts',
    rung: (sim, clock) => camaraNumberVerification({ ...camaraOptions(sim), clock: adapterClock(clock) }),
    // The device asks the operator first.
    calls: { start: undefined, verify: camaraCalls.verify },
    async prove({ phone }, { body }) {
      const { location } = await phone.browse(body.challenge.url)
      const { code, error, error_description } = Object.fromEntries(new URL(location ?? '').searchParams)
      return error === undefined ? { code } : { error, error_description }
    },
    madeUp: 'a-code-of-nobodys',
  },
  'firebase-pnv': {
    source: 'firebase',
    rung: (sim, clock) => firebasePnv({ ...project, baseUrl: sim.url, clock: adapterClock(clock) }),
    // Google is asked for its keys alone.
    calls: { start: undefined, verify: jwksCall },
    prove: async ({ phone }, { body }) => ({ code: await phone.token(body.challenge as never) }),
    madeUp: 'a.token.of-nobodys',
  },
  'vonage-silent': {
    source: 'vonage',
    rung: (sim, clock) => vonage(sim, clock, 'silent_auth'),
    calls: vonageRigCalls,
    prove: openUrl,
    madeUp: 'aaaaaa',
  },
  'twilio-sna': {
    source: 'twilio/sna.ts',
    rung: (sim, clock) => twilioSna({ ...twilioAccount, baseUrl: sim.url, clock: adapterClock(clock) }),
    calls: { start: twilioCalls.send, verify: twilioCalls.check },
    prove: async ({ phone }, { body }) => ({ code: (await phone.open(body.challenge.url)).text }),
    madeUp: 'ErrorCode=0&ErrorDescription=Success&Carrier=VZW&SnaClientToken=aaaaaaaa',
  },
  'operator-token': {
    source: 'camara/operator-token.ts',
    rung: (sim, clock) => operatorToken(operatorTokenOptions(sim, { clock: adapterClock(clock) })),
    calls: { start: tokenCalls.credentials, verify: tokenCalls.verify },
    prove: async ({ phone }, { body }) => ({ code: await phone.token(body.challenge as never) }),
    madeUp: '{"protocol":"openid4vp-v1-unsigned","data":{"vp_token":{"x":["a.b.c~d.e.f"]}}}',
  },
  'idenfy-sms': {
    source: 'idenfy',
    rung: rungs['idenfy-sms'],
    calls: { start: calls.send, verify: calls.verify },
    prove: typeCode,
  },
  'twilio-sms': {
    source: 'twilio',
    rung: (sim, clock) => twilioVerify({ ...twilioAccount, baseUrl: sim.url, clock: adapterClock(clock) }),
    calls: { start: twilioCalls.send, verify: twilioCalls.check },
    prove: typeCode,
  },
  'vonage-sms': {
    source: 'vonage',
    rung: (sim, clock) => vonage(sim, clock, 'sms'),
    calls: vonageRigCalls,
    prove: typeCode,
  },
  'camara-otp-sms': {
    source: 'camara/otp-sms.ts',
    rung(sim, clock) {
      const { tokenUrl, apiRoot, clientId } = camaraOptions(sim)
      const clientAuth = { kind: 'basic', clientSecret: 's3cret' } as const
      const message = '{{code}} is your code'
      return camaraOtpSms({ tokenUrl, apiRoot, clientId, clientAuth, message, clock: adapterClock(clock) })
    },
    calls: { start: camaraCalls.send, verify: camaraCalls.validate },
    prove: typeCode,
  },
  'own-sms': {
    source: 'own/sms.ts',
    rung: (_sim, clock, own) => ownSms({ brand: 'Acme', clock: adapterClock(clock), send: own.send }),
    prove: typeOwnCode,
  },
  'verify-service': {
    source: 'own/verify-service.ts',
    rung: (_sim, clock, { start, check }) =>
      verifyService({ name: 'verify-service', vendor: 'acme', clock: adapterClock(clock), start, check }),
    prove: typeOwnCode,
  },
}

/** An app whose ladder is that rung, and one of the application's own after it. */
export async function rigApp(rig: Rig, mode: Mode): Promise<{ app: LadderApp; own: OwnVendor; next: OwnVendor }> {
  const own = new OwnVendor()
  const clock = fakeClock()
  const next = new OwnVendor()
  const app = await ladderApp(
    mode,
    [],
    {
      simulator: { camaraClients: camaraClients ?? {} },
      ladder: (sim) => [
        rig.rung(sim, clock, own),
        ownSms({ name: 'next', vendor: 'next', brand: 'Acme', clock: adapterClock(clock), send: next.send }),
      ],
    },
    clock,
  )
  return { app, own, next }
}
