import type { Simulator, SimulatorOptions } from '../../../src/simulator/index.js'
import { type Answer, AppServer, at, type FakeClock, number, setUp } from './simulator.js'

/** The account that calls, if nothing else is said. */
export const account = `Basic ${Buffer.from('key:s3cret').toString('base64')}`
/** The number as Vonage has it. */
export const to = number.slice(1)

/** What an app's server does at Vonage, and the simulator that it talks to. */
export class VonageClient {
  readonly sim: Simulator
  readonly clock: FakeClock
  authorization = account

  constructor(sim: Simulator, clock: FakeClock) {
    this.sim = sim
    this.clock = clock
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    const { authorization } = this
    return new AppServer(this.sim).call(method, path, body, authorization === '' ? {} : { authorization })
  }

  create(step: object = { channel: 'sms', to }, more: object = {}): Promise<Answer> {
    return this.call('POST', '/v2/verify/', { brand: 'ACME', workflow: [step], ...more })
  }

  silent(more: object = {}): Promise<Answer> {
    return this.create({ channel: 'silent_auth', to, ...more })
  }

  check(created: Answer, code: string): Promise<Answer> {
    return this.call('POST', `/v2/verify/${idOf(created)}`, { code })
  }

  cancel(created: Answer): Promise<Answer> {
    return this.call('DELETE', `/v2/verify/${idOf(created)}`)
  }

  /** The code in the newest message to that number. */
  lastCode(of = number): string {
    return /\d{4,10}/.exec(this.sim.phone(of).inbox.at(-1)?.text ?? '')?.[0] ?? ''
  }
}

/** A simulator on a fake clock, and whoever calls it. */
export async function vonageClient(options: SimulatorOptions = {}): Promise<VonageClient> {
  const { sim, clock } = await setUp(options)
  return new VonageClient(sim, clock)
}

export const idOf = (created: Answer) => at(created.body, 'request_id')
export const fragmentOf = ({ body }: Answer) => /#([a-z-]+)$/.exec(String(body['type']))?.[1]
