import { type Check, type OperatorTokenOptions, type Outcome, operatorToken, type Provider } from 'passport-phonecheck'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import { number } from './app.js'
import { camaraClients, privateKey } from './camara.js'
import { callContext, startInput } from './rung.js'

export const tokenCalls = {
  credentials: 'POST /camara/openid4vp/credentials',
  token: 'POST /camara/token',
  verify: 'POST /number-verification/v2/verify',
}

export function operatorTokenOptions(
  sim: Pick<Simulator, 'url'>,
  more: Partial<OperatorTokenOptions> = {},
): OperatorTokenOptions {
  return {
    credentialsUrl: `${sim.url}/camara/openid4vp/credentials`,
    tokenUrl: `${sim.url}/camara/token`,
    apiRoot: sim.url,
    clientId: 'app',
    privateKey,
    keyId: 'k1',
    audiences: ['https://app.example'],
    ...more,
  }
}

export interface Challenged {
  check: Check
  challenge: { kind: string; request: unknown }
}

export interface Tokens {
  sim: Simulator
  clock: FakeClock
  rung: Provider
  context: ReturnType<typeof callContext>
  start(phoneNumber?: string): Promise<Challenged>
  /** What the phone of this number brings. */
  bring(started: Challenged, phoneNumber?: string): Promise<string>
  redeem(check: Check, code: string): Promise<Outcome>
}

/** The rung alone, before a simulated aggregator on the same clock. */
export async function tokens(more: Partial<OperatorTokenOptions> = {}): Promise<Tokens> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock, camaraClients: camaraClients ?? {} })
  onTestFinished(() => sim.close())
  const rung = operatorToken(operatorTokenOptions(sim, { clock, ...more }))
  onTestFinished(() => rung.close?.())
  const context = callContext()
  return {
    sim,
    clock,
    rung,
    context,
    async start(phoneNumber = number) {
      const started = await rung.start(startInput({ phoneNumber }), context)
      if ('unable' in started || started.challenge.type !== 'get_token') throw new Error(JSON.stringify(started))
      return { check: started.check, challenge: started.challenge }
    },
    bring: ({ challenge }, phoneNumber = number) => sim.phone(phoneNumber).token(challenge),
    async redeem(check, code) {
      if (!rung.redeem) throw new Error('no redeem')
      return rung.redeem(check, code, context)
    },
  }
}
