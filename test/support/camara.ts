import { generateKeyPairSync } from 'node:crypto'
import {
  type CallContext,
  type CamaraNumberVerificationOptions,
  type Check,
  camaraNumberVerification,
  type Provider,
} from 'passport-phonecheck'
import type { Simulator, SimulatorOptions } from 'passport-phonecheck/simulator'
import { startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import { number } from './app.js'
import { callContext, startInput } from './rung.js'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const privateKey = pair.privateKey
export const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
export const redirectUri = 'https://app.example/return'

/** An application that the operator knows by its key, and by a secret. */
export const camaraClients: SimulatorOptions['camaraClients'] = {
  app: { secret: 's3cret', keys: { k1: publicPem } },
}

export const verifyPath = '/number-verification/v2/verify'
export const calls = {
  authorize: 'GET /camara/authorize',
  token: 'POST /camara/token',
  verify: `POST ${verifyPath}`,
  send: 'POST /one-time-password-sms/v1/send-code',
  validate: 'POST /one-time-password-sms/v1/validate-code',
}

export function camaraOptions(
  sim: Pick<Simulator, 'url'>,
  more: Partial<CamaraNumberVerificationOptions> = {},
): CamaraNumberVerificationOptions {
  return {
    authorizeUrl: `${sim.url}/camara/authorize`,
    tokenUrl: `${sim.url}/camara/token`,
    apiRoot: sim.url,
    clientId: 'app',
    clientAuth: { kind: 'private_key_jwt', privateKey, keyId: 'k1' },
    redirectUri,
    ...more,
  }
}

export interface Camara {
  sim: Simulator
  clock: FakeClock
  rung: Provider
  context: ReturnType<typeof callContext>
  /** A new check, and the URL that the device opens. */
  start(phoneNumber?: string): Promise<{ check: Check; url: URL }>
  /** Where the operator sends the phone of this number: its query. */
  visit(url: URL | string, phoneNumber?: string): Promise<URLSearchParams>
  /** A check with the code that the phone of the number brings. */
  coded(): Promise<{ check: Check; code: string }>
  redeem(check: Check, code: string, context?: Partial<CallContext>): ReturnType<NonNullable<Provider['redeem']>>
}

/** The rung alone, before a simulated operator on the same clock. */
export async function camara(
  more: Partial<CamaraNumberVerificationOptions> = {},
  options: SimulatorOptions = {},
): Promise<Camara> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock, camaraClients: camaraClients ?? {}, ...options })
  onTestFinished(() => sim.close())
  const rung = camaraNumberVerification(camaraOptions(sim, { clock, ...more }))
  onTestFinished(() => rung.close?.())
  const context = callContext()
  const start = async (phoneNumber = number) => {
    const started = await rung.start(startInput({ phoneNumber }), context)
    if ('unable' in started || started.challenge.type !== 'open_url') throw new Error(JSON.stringify(started))
    return { check: started.check, url: new URL(started.challenge.url) }
  }
  const visit = async (url: URL | string, phoneNumber = number) => {
    const { location } = await sim.phone(phoneNumber).browse(String(url))
    if (location === undefined) throw new Error('not sent back')
    return new URL(location).searchParams
  }
  return {
    sim,
    clock,
    rung,
    context,
    start,
    visit,
    async coded() {
      const { check, url } = await start()
      return { check, code: (await visit(url)).get('code') ?? '' }
    },
    redeem(check, code, more = {}) {
      if (!rung.redeem) throw new Error('no redeem')
      return rung.redeem(check, code, { ...context, ...more })
    },
  }
}
