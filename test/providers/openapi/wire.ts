import { phoneCheck } from 'passport-phonecheck'
import { type Simulator, type SimulatorOptions, startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import type { Outcome, Provider, Started } from '../../../src/contracts/provider.js'
import { callContext, startInput } from '../../support/rung.js'
import { deviationsOf, type Exchange, inValue } from './deviations.js'
import { startProxy, type WireProxy } from './proxy.js'
import type { Operation } from './spec.js'

export const number = '+12025550100'

/** The library's adapter, the proxy and the simulator, in a row. */
export interface Wire {
  readonly sim: Simulator
  readonly proxy: WireProxy
  /** The simulator's. */
  readonly clock: FakeClock
  readonly provider: Provider
  start(input?: Partial<Parameters<Provider['start']>[0]>): Promise<Started>
  redeem(started: Started, code: string): Promise<Outcome>
  /** As the vendor's SDK: over mobile data to the end, which holds `code` or `error`. */
  open(started: Started): Promise<Record<string, string>>
  /** As a browser on the phone: to the app's redirect URL, whose query holds `code` or `error`. */
  browse(started: Started): Promise<Record<string, string>>
}

export async function openWire(options: SimulatorOptions = {}): Promise<Wire> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock, ...options })
  onTestFinished(() => sim.close())
  const proxy = await startProxy(sim.url)
  // The proxy has its own origin, to which phones show no line: whoever comes through it is on this one.
  const handset = sim.phone(number)
  sim.browserPhone = handset
  const provider = phoneCheck({ baseUrl: proxy.url, clientId: 'client', clientSecret: 'client-secret' })
  return {
    sim,
    proxy,
    clock,
    provider,
    async start(input = {}) {
      const started = await provider.start(startInput(input), callContext())
      if ('unable' in started) throw new Error(`unable: ${started.unable}`)
      return started
    },
    async redeem({ check }, code) {
      if (!provider.redeem) throw new Error('no redeem')
      return provider.redeem(check, code, callContext())
    },
    async open(started) {
      const { body, status } = await handset.open(urlOf(started))
      return { ...(body as Record<string, string>), status: String(status) }
    },
    async browse(started) {
      let url = urlOf(started)
      const cookies: string[] = []
      while (url.startsWith(proxy.url)) {
        const response = await fetch(url, { redirect: 'manual', headers: { cookie: cookies.join('; ') } })
        cookies.push(...response.headers.getSetCookie().map((line) => line.split(';')[0] ?? ''))
        url = response.headers.get('location') ?? `none:?status=${response.status}`
      }
      return Object.fromEntries(new URL(url).searchParams)
    },
  }
}

function urlOf({ challenge }: Started): string {
  if (challenge.type !== 'open_url') throw new Error('no URL to open')
  return challenge.url
}

/** Deviations of a whole conversation, the operator's part in it included. */
export function judge({ exchanges, url }: WireProxy, operations: readonly Operation[]): string[] {
  return exchanges.flatMap((exchange) =>
    exchange.path.startsWith('/_operator/') ? inChain(exchange, url, operations) : deviationsOf(exchange, operations),
  )
}

/**
 * The operator is not the vendor's; what it hands the device at the end is. The document has that
 * as the body of the first answer's 302.
 */
function inChain(
  { status, responseHeaders, responseBody }: Exchange,
  proxyUrl: string,
  operations: readonly Operation[],
): string[] {
  const location = responseHeaders['location'] ?? ''
  if (status === 302 && location.startsWith(proxyUrl)) return []
  const documented = operations
    .find(({ id }) => id === 'get-phone-check-redirect-v0.2')
    ?.responses.get(302)
    ?.content.get('application/hal+json')
  if (!documented) throw new Error('the specification has no redirect any more')
  const redirected = status === 302
  const value = redirected ? Object.fromEntries(new URL(location).searchParams) : JSON.parse(responseBody)
  delete value.kept
  const form = redirected ? '302, in the query' : `${status}, ${responseHeaders['content-type']}`
  return [`end of chain: ${form}`, ...inValue('end of chain', documented, value)]
}
