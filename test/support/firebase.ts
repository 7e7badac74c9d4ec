import { type Check, type FirebasePnvOptions, firebasePnv, type Outcome, type Provider } from 'passport-phonecheck'
import { type PnvDraft, type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import { number } from './app.js'
import { callContext, startInput } from './rung.js'

/** The simulator's own Firebase project. */
export const project = { projectNumber: '123456789012', projectId: 'demo-project' }
export const jwksCall = 'GET /v1beta/jwks'

export interface Pnv {
  sim: Simulator
  clock: FakeClock
  rung: Provider
  context: ReturnType<typeof callContext>
  /** A new check, and its nonce. */
  start(phoneNumber?: string): Promise<{ check: Check; nonce: string }>
  redeem(check: Check, token: string): Promise<Outcome>
  /** What becomes of a new check whose token is signed so. */
  judge(draft?: Partial<PnvDraft>): Promise<Outcome>
}

/** The rung alone, before a simulated issuer on the same clock. */
export async function pnv(more: Partial<FirebasePnvOptions> = {}): Promise<Pnv> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock })
  onTestFinished(() => sim.close())
  const rung = firebasePnv({ ...project, baseUrl: sim.url, clock, ...more })
  onTestFinished(() => rung.close?.())
  const context = callContext()
  const start = async (phoneNumber = number) => {
    const started = await rung.start(startInput({ phoneNumber }), context)
    if ('unable' in started || started.challenge.type !== 'get_token') throw new Error(JSON.stringify(started))
    return { check: started.check, nonce: (started.challenge.request as { nonce: string }).nonce }
  }
  const redeem = async (check: Check, token: string) => {
    if (!rung.redeem) throw new Error('no redeem')
    return rung.redeem(check, token, context)
  }
  return {
    sim,
    clock,
    rung,
    context,
    start,
    redeem,
    async judge(draft) {
      const { check, nonce } = await start()
      return redeem(check, sim.signPnvToken({ phoneNumber: number, nonce, ...draft }))
    },
  }
}
