import { type CallContext, type Check, PhoneCheckError, type Provider } from 'passport-phonecheck'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { fakeClock } from 'passport-phonecheck/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { camaraClients } from '../support/camara.js'
import { everyRung, OwnVendor } from '../support/every-rung.js'
import type { Answer, Visitor } from '../support/ladder.js'
import { callContext, startInput } from '../support/rung.js'

// A vendor's answer is read by what it is. A member of another type, a header that is none, a
// document of some proxy's: nothing of it is a yes, a wait without end, or an error of our own.

const odd: unknown[] = [null, true, 1, -1, '', 'x', '\u0000\n', [], ['verified'], {}, { toString: 1 }, { valueOf: {} }]
const waits = [
  '-1',
  '0',
  '1e9',
  '999999999',
  'Infinity',
  'NaN',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Fri, 31 Dec 9999 23:59:59 GMT',
  '\u00ff',
]
const refusals = [400, 401, 402, 403, 404, 409, 410, 412, 422, 429, 500, 501, 503]
/** The members that a vendor's yes consists of. */
const decisive = [
  'check_id',
  'status',
  'match',
  'verified',
  'is_verified',
  'sid',
  'to',
  'valid',
  'request_id',
  'devicePhoneNumberVerified',
]

/** MOCheck's statuses are undocumented: without one, or with a text that is not known, `verified` decides. */
const isOpenStatus = (rung: string, key: string, value: unknown) =>
  rung === 'mocheck' && key === 'status' && (value === null || typeof value === 'string')

const rigs = Object.entries(everyRung).filter(([name, { calls }]) => calls && name !== 'firebase-pnv')

describe.each(rigs)('%s', (name, rig) => {
  let sim: Simulator
  let rung: Provider
  let context: CallContext & { events: unknown[] }
  const clock = fakeClock()
  let numbers = 0
  beforeAll(async () => {
    sim = await startSimulator({ clock, camaraClients: camaraClients ?? {} })
    rung = rig.rung(sim, clock, new OwnVendor())
  })
  afterAll(async () => {
    await rung.close?.()
    await sim.close()
  })

  const numberOf = (index: number) => `+1202555${String(1000 + index).padStart(4, '0')}`

  async function tried<T>(call: () => Promise<T> | undefined): Promise<T | PhoneCheckError> {
    context = callContext()
    const answer = await (call() as Promise<T>).catch((error: unknown) => error as PhoneCheckError)
    if (answer instanceof Error) expect(answer).toBeInstanceOf(PhoneCheckError)
    // What is sealed with the login, and what its own device is told, is nobody else's to read.
    const { check: _check, challenge: _challenge, ...rest } = answer as unknown as Record<string, unknown>
    const said = JSON.stringify([rest, answer instanceof Error && answer.details, context.events])
    expect(said).not.toContain(numberOf(numbers).slice(1))
    // Events quote the vendor's own word.
    const told = JSON.stringify([rest, answer instanceof Error && answer.details])
    for (const wait of told.matchAll(/"retryAfterSeconds":([^,}]+)/g)) {
      expect(Number(wait[1])).toBeGreaterThanOrEqual(told.includes('"pending"') ? 1 : 0)
      expect(Number(wait[1])).toBeLessThanOrEqual(3600)
    }
    return answer as T | PhoneCheckError
  }
  const start = () => tried(() => rung.start(startInput({ phoneNumber: numberOf(numbers) }), context))
  const ask = (check: Check, code: string | undefined) =>
    tried(() => (code === undefined ? rung.poll?.(check, context) : rung.redeem?.(check, code, context)))

  /** A check of which the device has done its part, and what the vendor says of it. */
  async function genuine() {
    numbers += 1
    const bodies: Record<string, Record<string, unknown>> = {}
    for (const at of ['start', 'verify'] as const) {
      const match = rig.calls?.[at]
      if (match !== undefined) sim.fault({ match, patchBody: (body) => Object.assign(bodies, { [at]: body }) && body })
    }
    const started = await start()
    if (!('check' in started)) throw new Error(JSON.stringify(started))
    const visitor = {
      phone: sim.phone(numberOf(numbers)),
      code: () => /\b(\d{4}|\d{6})\b/.exec(sim.phone(numberOf(numbers)).inbox.at(-1)?.text ?? '')?.[1] ?? '',
      number: numberOf(numbers),
    } as unknown as Visitor
    const proof = await rig.prove(
      visitor,
      { body: { challenge: started.challenge } } as unknown as Answer,
      new OwnVendor(),
    )
    sim.clearFaults()
    return { check: started.check, code: proof['code'] as string | undefined, bodies }
  }

  async function answering<T>(at: 'start' | 'verify', parts: object, run: () => Promise<T>): Promise<T> {
    sim.fault({ match: String(rig.calls?.[at]), ...parts })
    try {
      return await run()
    } finally {
      sim.clearFaults()
    }
  }

  // Some rungs begin without a call.
  if (rig.calls?.start)
    test('no odd member of the answer to start', async () => {
      const { bodies } = await genuine()
      for (const key of Object.keys(bodies['start'] ?? {}))
        for (const value of odd)
          await answering('start', { status: 200, body: { ...bodies['start'], [key]: value } }, start)
    })

  test('no odd member of a yes', async () => {
    const first = await genuine()
    const keep = (body: Record<string, unknown>) => Object.assign(first.bodies, { verify: body }) && body
    const outcome = await answering('verify', { patchBody: keep }, () => ask(first.check, first.code))
    expect(outcome).toMatchObject({ outcome: 'verified' })
    const yes = first.bodies['verify'] ?? {}
    for (const key of Object.keys(yes)) {
      for (const value of odd) {
        const { check, code } = first
        const outcome = await answering('verify', { status: 200, body: { ...yes, [key]: value } }, () =>
          ask(check, code),
        )
        if (decisive.includes(key) && value !== yes[key] && !isOpenStatus(name, key, value))
          expect(outcome, `${key}: ${JSON.stringify(value)}`).not.toMatchObject({ outcome: 'verified' })
      }
    }
  })

  test('no odd member of a refusal, and no odd wait', async () => {
    const { check, code } = await genuine()
    const document = {
      type: 'https://x.example/#y',
      title: 't',
      detail: 'd',
      code: 1,
      message: 'm',
      error: 'e',
      identifier: 'I',
      invalid_parameters: [{ name: 'to' }],
    }
    for (const status of refusals) {
      for (const key of Object.keys(document)) {
        for (const value of [null, [], { toString: 1 }, [{ name: { toString: 1 } }]]) {
          const body = { ...document, [key]: value }
          const at = rig.calls?.start
          if (at) await answering('start', { status, body }, start)
          expect(await answering('verify', { status, body }, () => ask(check, code))).not.toEqual({
            outcome: 'verified',
          })
        }
      }
      for (const wait of waits) {
        const parts = { status, body: { ...document, code: 60203 }, headers: { 'retry-after': wait } }
        if (rig.calls?.start) await answering('start', parts, start)
        await answering('verify', parts, () => ask(check, code))
      }
    }
  })
})
