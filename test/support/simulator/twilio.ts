import type { Simulator } from '../../../src/simulator/index.js'
import { type Answer, AppServer, at, number } from './simulator.js'

export const service = `VA${'5'.repeat(32)}`
export const account = `AC${'a'.repeat(32)}`

/** What an app's server does at Twilio, written by hand so that it shares nothing with the library. */
export class TwilioClient {
  readonly sim: Simulator
  credentials = `${account}:token`

  constructor(sim: Simulator) {
    this.sim = sim
  }

  call(method: string, path: string, form?: Record<string, string>, headers: object = {}): Promise<Answer> {
    const authorization = `Basic ${Buffer.from(this.credentials).toString('base64')}`
    return new AppServer(this.sim).call(method, `/v2/Services/${path}`, form && new URLSearchParams(form).toString(), {
      ...(this.credentials === '' ? {} : { authorization }),
      ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    })
  }

  send(form: Record<string, string> = {}, at: string = service): Promise<Answer> {
    return this.call('POST', `${at}/Verifications`, { To: number, Channel: 'sms', ...form })
  }

  /** The SID of a Verification that was begun. */
  async sent(form: Record<string, string> = {}, of: string = service): Promise<string> {
    return at((await this.send(form, of)).body, 'sid')
  }

  check(form: Record<string, string>, of: string = service): Promise<Answer> {
    return this.call('POST', `${of}/VerificationCheck`, form)
  }
}
