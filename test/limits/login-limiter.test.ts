import { describe, expect, test } from 'vitest'
import type { PhoneCheckEvent } from '../../src/contracts/events.js'
import type { LimitOptions } from '../../src/contracts/limits.js'
import type { Provider } from '../../src/contracts/provider.js'
import type { Store } from '../../src/contracts/store.js'
import { LoginLimiter, type Requester } from '../../src/limits/login-limiter.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'

const secret = 'a-test-secret-of-at-least-32-bytes'
const sms = { name: 'sms', sends: true, guessable: true } as Provider
const silent = { name: 'phonecheck' } as Provider
const number = { e164: '+12025550100', country: 'US' as const }
const home: Requester = { address: '198.51.100.7' }

/** The five operations that every store has. */
const plain = (store: Store, changes: Partial<Store> = {}): Store => ({
  insert: (...args) => store.insert(...args),
  find: (key) => store.find(key),
  replace: (...args) => store.replace(...args),
  remove: (key) => store.remove(key),
  count: (hits) => store.count(hits),
  ...changes,
})

function setup(limits: LimitOptions = {}, wrap: (store: MemoryStore) => Store = (store) => store) {
  const clock = fakeClock()
  const memory = new MemoryStore({ clock })
  const store = wrap(memory)
  const events: PhoneCheckEvent[] = []
  const emit = (event: PhoneCheckEvent) => events.push(event)
  const limiter = new LoginLimiter({ strategyName: 'phonecheck', store, clock, secret, emit, limits })
  const hash = limiter.hashNumber(number.e164)
  let flows = 0
  const start = (
    rung = silent,
    device?: Parameters<LoginLimiter['consumeStart']>[2]['device'],
    key = `flow ${++flows}`,
  ) => limiter.consumeStart(rung, number, { number: hash, device }, home, { key, record: 'record', ttlSeconds: 600 })
  const send = (requester = home, rung = sms, device?: string) =>
    limiter.consumeCheck(rung, number, 'login', requester, device)
  return { clock, memory, store, events, limiter, hash, start, send }
}

/** What the requester is told. */
const answer = (asked: Promise<unknown>) =>
  asked.then(
    (value) => value ?? 'allowed',
    (error: { code?: string; details?: { retryAfterSeconds?: number } }) => error.code ?? error,
  )

const times = async (count: number, ask: () => Promise<unknown>) => {
  const answers: unknown[] = []
  for (let index = 0; index < count; index++) answers.push(await answer(ask()))
  return answers
}

test('what stands for numbers and users stays the same: an update of the library must forget no counter', () => {
  const { limiter } = setup()
  expect(limiter.hashNumber('+12025550100')).toBe('4EL9zcY8PGDi84M0qR4399')
  expect(limiter.hashSubject('user-1')).toBe('8YlyGUNjZewqpkoiVIm3xM')
  expect(limiter.hashSubject('+12025550100')).not.toBe(limiter.hashNumber('+12025550100'))
})

describe.each([
  ['a store that charges and inserts in one step', (store: MemoryStore) => store],
  ['a store of the five operations', (store: MemoryStore) => plain(store)],
] as const)('a start on %s', (_name, wrap) => {
  test('is charged and kept; one too many is refused and leaves nothing', async () => {
    const { start, memory } = setup({ checksPerNumber: 2 }, wrap)
    expect(await times(3, () => start())).toEqual(['kept', 'kept', 'number_limit'])
    expect((await memory.find('flow 2'))?.record).toBe('record')
    expect(await memory.find('flow 3')).toBeUndefined()
  })

  test('of one number costs no other one, and that of a stranger no device', async () => {
    const { start, limiter, hash } = setup({ checksPerNumber: 1 }, wrap)
    const other = { number: limiter.hashNumber('+12025550101'), device: undefined }
    const target = { e164: '+12025550101', country: 'US' as const }
    const device = { id: 'device', generation: '' }
    expect(await times(2, () => start())).toEqual(['kept', 'number_limit'])
    const record = { key: 'other', record: 'record', ttlSeconds: 600 }
    expect(await answer(limiter.consumeStart(silent, target, other, home, record))).toBe('kept')
    expect(await times(2, () => start(silent, device))).toEqual(['kept', 'number_limit'])
    expect(hash).not.toBe(other.number)
  })

  test('whose key is taken costs nothing', async () => {
    const { start } = setup({ checksPerNumber: 2 }, wrap)
    expect(await answer(start(silent, undefined, 'flow'))).toBe('kept')
    for (let index = 0; index < 5; index++) expect(await answer(start(silent, undefined, 'flow'))).toBe('taken')
    expect(await times(2, () => start())).toEqual(['kept', 'number_limit'])
  })

  test('of a device that was forgotten writes and costs nothing', async () => {
    const { start, limiter, hash, memory } = setup({}, wrap)
    const value = await limiter.devices.issue(hash, undefined)
    const device = limiter.devices.recognise([value ?? ''], hash)
    expect(await answer(start(silent, device, 'known'))).toBe('kept')
    await limiter.devices.forget(hash)
    expect(await answer(start(silent, device, 'forgotten'))).toBe('forgotten')
    expect(await memory.find('forgotten')).toBeUndefined()
  })
})

test('a start whose record could not be written is given back, and its fault is told', async () => {
  const fault = new Error('the store failed')
  let fails = true
  const { start } = setup({ checksPerNumber: 1 }, (store) =>
    plain(store, { insert: (...args) => (fails ? Promise.reject(fault) : store.insert(...args)) }),
  )
  for (let index = 0; index < 3; index++) expect(await answer(start())).toBe(fault)
  fails = false
  expect(await answer(start())).toBe('kept')
})

describe('a message', () => {
  test('too many is refused, with the wait until another', async () => {
    const { send, clock } = setup()
    expect(await times(3, () => send())).toEqual(['allowed', 'allowed', 'allowed'])
    await expect(send()).rejects.toMatchObject({ code: 'number_limit', details: { retryAfterSeconds: 600 } })
    await clock.advance(600_000)
    expect(await answer(send())).toBe('allowed')
  })

  test('that did not go out is given back to whom it was charged', async () => {
    const { send, limiter } = setup()
    for (let index = 0; index < 10; index++) {
      expect(await answer(send())).toBe('allowed')
      await limiter.refundCheck(sms, number, home)
      expect(await answer(send(home, sms, 'device'))).toBe('allowed')
      await limiter.refundCheck(sms, number, home, 'device')
    }
  })

  test('is given back as well as can be: a store that fails then fails nobody', async () => {
    let fails = false
    const { send, limiter } = setup({}, (store) =>
      plain(store, { count: (hits) => (fails ? Promise.reject(new Error('down')) : store.count(hits)) }),
    )
    await send()
    fails = true
    await expect(limiter.refundCheck(sms, number, home)).resolves.toBeUndefined()
  })

  test('that no limit bounds asks the store nothing', async () => {
    const ample = Number.POSITIVE_INFINITY
    let counts = 0
    const { send, limiter } = setup({ checksPerDay: ample, checksPerNumber: ample }, (store) =>
      plain(store, {
        count(hits) {
          counts++
          return store.count(hits)
        },
      }),
    )
    await send(home, silent)
    await limiter.refundCheck(silent, number, home)
    expect(counts).toBe(0)
  })
})

describe('the operator hears of a ceiling for everybody', () => {
  const strangers = (index: number): [typeof number, Requester] => [
    { ...number, e164: `+1202555010${index}` },
    { address: `198.51.${index}.7` },
  ]

  test('once until it may admit again, and never of a limit of one number', async () => {
    const { limiter, events, clock } = setup({ checksPerDay: 5, checksPerNumber: 1 })
    const ask = (index: number) => {
      const [target, requester] = strangers(index)
      return answer(limiter.consumeCheck(silent, target, 'login', requester))
    }
    expect([await ask(0), await ask(0)]).toEqual(['allowed', 'number_limit'])
    expect(events).toEqual([])
    // Strangers share four fifths of the day.
    expect([await ask(1), await ask(2), await ask(3), await ask(4), await ask(5)]).toEqual([
      ...Array(3).fill('allowed'),
      ...Array(2).fill('spending_limit'),
    ])
    expect(events).toEqual([
      {
        type: 'spending_limit',
        limit: 'checksPerDay',
        retryAfterSeconds: 86_400,
        message: expect.stringContaining('limits.checksPerDay is used up for today'),
      },
    ])
    await clock.advance(86_399_999)
    await ask(6)
    expect(events.length).toBe(1)
    await clock.advance(1)
    for (const index of [1, 2, 3, 4, 5]) await ask(index)
    expect(events.length).toBe(2)
  })

  test('and the requester hears why the number is closed', async () => {
    const { limiter } = setup({ checksPerNumber: 1 })
    const ask = () => limiter.consumeCheck(silent, number, 'login', home)
    await ask()
    await expect(ask()).rejects.toMatchObject({ message: 'Too many logins were begun with this number.' })
  })
})

test('a store that refuses for a reason of its own is an address that asks too much', async () => {
  const { send } = setup({}, (store) =>
    plain(store, { count: async () => ({ allowed: false, key: 'its own', retryAfterSeconds: 7 }) }),
  )
  await expect(send()).rejects.toMatchObject({ code: 'address_limit', details: { retryAfterSeconds: 7 } })
})

describe('wrong codes', () => {
  const account = (limiter: LoginLimiter, device?: string) => ({ number: limiter.hashNumber(number.e164), device })

  test.each([[undefined], ['device']])('lock the number after ten in a row, for the device %s', async (device) => {
    const { limiter } = setup()
    const guess = () => limiter.consumeAttempt(sms, account(limiter, device), home)
    expect(await times(11, guess)).toEqual([...Array(10).fill('allowed'), 'code_locked'])
    expect(await answer(limiter.consumeCheck(sms, number, 'login', home, device))).toBe('code_locked')
    await limiter.resetAttempts(account(limiter, device))
    expect(await answer(guess())).toBe('allowed')
  })

  test('of one device lock no other one, and those of 20 lock all', async () => {
    const { limiter } = setup()
    const guess = (device: string) => answer(limiter.consumeAttempt(sms, account(limiter, device), home))
    for (let index = 0; index < 10; index++) await guess('first')
    expect([await guess('first'), await guess('second')]).toEqual(['code_locked', 'allowed'])
    for (let index = 0; index < 9; index++) await guess('second')
    expect(await guess('third')).toBe('code_locked')
    // A stranger's login by the SIM forgives what devices did together, and no device's own.
    await limiter.resetAttempts(account(limiter))
    expect([await guess('first'), await guess('third')]).toEqual(['code_locked', 'allowed'])
  })

  test('that were none are given back', async () => {
    const { limiter } = setup()
    for (let index = 0; index < 30; index++) {
      expect(await answer(limiter.consumeAttempt(sms, account(limiter), home))).toBe('allowed')
      await limiter.refundAttempt(sms, account(limiter), home)
    }
  })
})

describe('the application is asked', () => {
  const asked: object[] = []
  const saying = (verdict: unknown, changes: Partial<Requester> = {}): Requester => ({
    ...home,
    beforeSend: async (message) => {
      asked.push(message)
      return verdict as boolean
    },
    ...changes,
  })
  const ask = async (requester: Requester, rung = sms) => {
    asked.length = 0
    const { limiter } = setup()
    return [await answer(limiter.runBeforeSend(rung, number, 'login', requester)), asked.length]
  }

  test('before a message, and told what it is for', async () => {
    expect(await ask(saying(true))).toEqual(['allowed', 1])
    expect(asked).toEqual([{ method: 'sms', country: 'US', purpose: 'login', phoneNumber: number.e164 }])
  })

  test.each([[false], [undefined], [1], ['yes']])('and %j is a no', async (verdict) => {
    expect(await ask(saying(verdict))).toEqual(['send_refused', 1])
  })

  test('before silent checks only where it wants to be, and never for review numbers', async () => {
    const review = { name: 'review' } as Provider
    expect(await ask(saying(false), silent)).toEqual(['allowed', 0])
    expect(await ask(saying(false, { beforeChecks: true }), silent)).toEqual(['send_refused', 1])
    expect(await ask(saying(false, { beforeChecks: true }), review)).toEqual(['allowed', 0])
    expect(await ask(home)).toEqual(['allowed', 0])
  })

  test('before anything is counted: a no costs nothing', async () => {
    const { limiter, send } = setup()
    for (let index = 0; index < 5; index++)
      expect(await answer(limiter.consumeCheck(sms, number, 'login', saying(false)))).toBe('send_refused')
    expect(await answer(send())).toBe('allowed')
  })

  test('for three seconds: no answer is a no', async () => {
    const { limiter, clock } = setup()
    const requester = { ...home, beforeSend: () => new Promise<boolean>(() => {}) }
    const verdict = answer(limiter.runBeforeSend(sms, number, 'login', requester))
    await clock.advance(3_000)
    expect(await verdict).toBe('send_refused')
  })
})
