import { generateKeyPairSync } from 'node:crypto'
import { type Check, type Provider, type VonageOptions, vonageVerify } from 'passport-phonecheck'
import type { Simulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import type { FetchLike } from '../../src/providers/http/fetch.js'
import type { TestAppOptions } from './app.js'
import { adapterClock } from './hanging.js'
import { type Answer, type LadderApp, ladderApp, type Mode, rungs, type Visitor } from './ladder.js'

/** An application's keys at Vonage. */
export const vonageKeys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
export const applicationId = '78d335fa-323d-0114-9c3d-d6f0d48968cf'
export const requestId = 'c11236f4-00bf-4b89-84ba-88b25df97315'
export const application = { applicationId, privateKey: vonageKeys.privateKey }

/** The vendor's problem document of that fragment. */
export const problem = (fragment: string, more: object = {}) => ({
  title: 'A title',
  type: `https://developer.vonage.com/en/api-errors/verify-v2#${fragment}`,
  detail: 'A detail.',
  instance: 'bf0ca0bf927b3b52e3cb03217e1a1ddf',
  ...more,
})

export interface Seen {
  method: string
  url: string
  headers: Record<string, string>
  body: unknown
}

export interface Said {
  status: number
  body?: unknown
  retryAfter?: string
}

/** The rung before a vendor that gives these answers in turn, the last one for ever. `lost` never answers. */
export function scriptedVonage(answers: readonly (Said | 'lost')[], options: Partial<VonageOptions> = {}) {
  const seen: Seen[] = []
  const fetch: FetchLike = async (url, { method, headers, body }) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)]
    seen.push({ method, url, headers, body: body === undefined ? undefined : JSON.parse(body) })
    if (answer === undefined || answer === 'lost') throw new TypeError('fetch failed')
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '')
    const get = (name: string) => (name === 'retry-after' ? (answer.retryAfter ?? null) : null)
    return { status: answer.status, headers: { get }, text: async () => text }
  }
  const rung = vonageVerify({ channel: 'sms', brand: 'ACME', ...application, fetch, ...options }) as Provider & {
    redeem: NonNullable<Provider['redeem']>
  }
  return { rung, seen }
}

/** The check of a request that was created so many milliseconds before `now`. */
export const checkOf = (now: number, ageMs: number, id = requestId): Check => ({ id, state: { at: now - ageMs } })

export const vonageCalls = {
  create: 'POST /v2/verify/',
  check: 'POST /v2/verify/*-*',
  cancel: 'DELETE /v2/verify/*-*',
}

type Channel = VonageOptions['channel']
/** A Vonage channel, or a rung of another vendor. */
export type VonageRung = Channel | 'idenfy'

/** An app whose ladder is of Vonage's rungs, with one clock for everything; the vendor knows its key. */
export function vonageApp(
  mode: Mode,
  names: readonly VonageRung[],
  options: Partial<VonageOptions> = {},
  more: TestAppOptions = {},
): Promise<LadderApp> {
  const clock = fakeClock()
  const rung = (sim: Simulator, channel: Channel) =>
    vonageVerify({
      channel,
      brand: 'ACME',
      ...application,
      baseUrl: sim.url,
      clock: adapterClock(clock),
      ...(channel === 'whatsapp' && { from: '447700900000' }),
      ...options,
    })
  const ladder = (sim: Simulator) =>
    names.map((name) => (name === 'idenfy' ? rungs['idenfy-sms'](sim, clock) : rung(sim, name)))
  const simulator = { vonageApplications: { [applicationId]: vonageKeys.publicKey }, ...more.simulator }
  return ladderApp(mode, [], { ladder, ...more, simulator }, clock)
}

/** What the phone brings from a check URL, posted to verify as it is. */
export async function openSilently(visitor: Visitor, url: string): Promise<Answer> {
  const opened = await visitor.phone.open(url)
  if (opened.error === undefined) return visitor.verify(opened.body)
  return visitor.verify({ error: opened.error, error_description: opened.error_description })
}

/** The code in the newest message. */
export const sentCode = ({ phone }: Visitor) => /\b\d{6}\b/.exec(phone.inbox.at(-1)?.text ?? '')?.[0] ?? ''
export const otherCode = (code: string) => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
