import { describe, expect, test } from 'vitest'
import type { LimitOptions } from '../../src/contracts/limits.js'
import type { Provider } from '../../src/contracts/provider.js'
import { guessKeys, type LimitRule, LimitRules } from '../../src/limits/limit-rules.js'
import { fakeClock } from '../../src/testing/fake-clock.js'

const midnight = Date.UTC(2026, 0, 1)
const today = midnight / 86_400_000

function setup(options: LimitOptions = {}, startMs = midnight) {
  const clock = fakeClock(startMs)
  return { clock, rules: new LimitRules(clock, (text) => `<${text}>`, options) }
}

const sms = { name: 'sms', sends: true, guessable: true } as Provider
const link = { name: 'link', sends: true } as Provider
const silent = { name: 'phonecheck' } as Provider
const review = { name: 'review', guessable: true } as Provider

const stranger = { number: 'N' }
const device = { number: 'N', device: 'D' }
const number = { e164: '+12025550100', country: 'US' }
const home = { address: '198.51.100.7' }

const minutes = 60
const hours = 3_600

/** Key, limit and window of each rule: what a store counts. */
const counted = (rules: readonly LimitRule[]) =>
  Object.fromEntries(rules.map(({ key, limit, windowSeconds }) => [key, [limit, windowSeconds]]))

const codes = (rules: readonly LimitRule[]) => [...new Set(rules.map(({ code }) => code))]

const one = (rules: readonly LimitRule[], key: string) => rules.find((rule) => rule.key === key)

describe('a message', () => {
  const byNetworks = { 'sends/address/<address c6336407/32>': [30, 10 * minutes] }
  const ofDay = `day/${today}/sends`

  test('that a stranger asks for must find room in the number, the address, the block, the country and the day', () => {
    const rules = setup().rules.check(link, stranger, number, home)
    expect(counted(rules)).toEqual({
      'send/N': [3, 10 * minutes],
      ...byNetworks,
      'sends/address/<address c63364/24>': [300, 10 * minutes],
      'send/block/<block +1202555>/strangers': [80, hours],
      'send/block/<block +1202555>': [100, hours],
      [`${ofDay}/US/strangers`]: [400, 25 * hours],
      [`${ofDay}/US`]: [500, 25 * hours],
      [`${ofDay}/from/<address c63364/24>`]: [200, 25 * hours],
      [`${ofDay}/strangers`]: [800, 25 * hours],
      [ofDay]: [1_000, 25 * hours],
    })
    expect(codes(rules)).toEqual(['number_limit', 'address_limit', 'spending_limit'])
    // The number's pause grows; the others' windows do not.
    expect(one(rules, 'send/N')?.maxWindowSeconds).toBe(hours)
  })

  test('that a known device asks for is charged to that device, and to no address and no share of strangers', () => {
    const rules = setup().rules.check(link, device, number, home)
    expect(counted(rules)).toEqual({
      'send/600/N/D': [3, 10 * minutes],
      'send/86400/N/D': [5, 24 * hours],
      'send/block/<block +1202555>': [100, hours],
      [`${ofDay}/US`]: [500, 25 * hours],
      [ofDay]: [1_000, 25 * hours],
      [`${ofDay}/number/N`]: [20, 25 * hours],
    })
    expect(codes(rules)).toEqual(['number_limit', 'spending_limit'])
    expect(one(rules, `${ofDay}/number/N`)).toMatchObject({ code: 'number_limit', daily: true })
  })

  test('with a short code must find the code rung open, and asks so without a charge', () => {
    const [lock] = setup().rules.check(sms, stranger, number, home)
    expect(lock).toEqual({
      key: 'guess/N',
      limit: 10,
      windowSeconds: 24 * hours,
      maxWindowSeconds: 30 * 24 * hours,
      cost: 0,
      code: 'code_locked',
    })
  })

  test('of a day that is used up is told to the operator by the option that raises it', () => {
    const rules = setup().rules.check(link, stranger, number, home)
    expect(rules.filter(({ option }) => option === 'sendsPerCountryPerDay').map(({ key }) => key)).toEqual([
      `${ofDay}/US/strangers`,
      `${ofDay}/US`,
    ])
    expect(rules.filter(({ option }) => option === 'sendsPerDay').map(({ daily }) => daily)).toEqual([true, true, true])
    expect(rules.filter(({ daily }) => daily).length).toBe(5)
  })

  test('limits that are set count, in whole messages, and none is Infinity', () => {
    const strict = setup({ sendsPerDay: 11, sendsPerCountryPerDay: 7, sendsPerBlock: 3, sendsPerAddress: 2 }).rules
    expect(counted(strict.check(link, stranger, number, home))).toMatchObject({
      'sends/address/<address c6336407/32>': [2, 10 * minutes],
      'sends/address/<address c63364/24>': [20, 10 * minutes],
      'send/block/<block +1202555>/strangers': [3, hours],
      'send/block/<block +1202555>': [3, hours],
      [`${ofDay}/US/strangers`]: [6, 25 * hours],
      [`${ofDay}/from/<address c63364/24>`]: [3, 25 * hours],
      [`${ofDay}/strangers`]: [9, 25 * hours],
      [ofDay]: [11, 25 * hours],
    })
    // A tenth of the smaller of day and country.
    expect(counted(strict.check(link, device, number, home))[`${ofDay}/number/N`]).toEqual([1, 25 * hours])
    const ample = Number.POSITIVE_INFINITY
    const endless = setup({ sendsPerDay: ample, sendsPerCountryPerDay: ample, sendsPerBlock: ample }).rules
    expect(Object.keys(counted(endless.check(link, stranger, number, home)))).toEqual([
      'send/N',
      'sends/address/<address c6336407/32>',
      'sends/address/<address c63364/24>',
    ])
  })

  test.each([
    [9, 9],
    [{ US: 9 }, 9],
    [{ DE: 9 }, 500],
    [{ US: undefined as unknown as number }, 500],
    [Object.create({ US: 9 }), 500],
    [undefined, 500],
  ])('to a country of which the option says %j: %d', (option, limit) => {
    const { rules } = setup(option === undefined ? {} : { sendsPerCountryPerDay: option })
    expect(one(rules.check(link, stranger, number, home), `${ofDay}/US`)?.limit).toBe(limit)
  })

  test('is of one block with the 10 000 numbers around it, and both spellings of a Palestinian number are one', () => {
    const { rules } = setup()
    const blockOf = (e164: string) =>
      Object.keys(counted(rules.check(link, device, { e164, country: 'X' }, home))).filter((key) => /block/.test(key))
    expect(blockOf('+12025559999')).toEqual(blockOf('+12025550000'))
    expect(blockOf('+12025560000')).not.toEqual(blockOf('+12025550000'))
    expect(blockOf('+972599123456')).toEqual(blockOf('+970599123456'))
  })
})

describe('a silent check', () => {
  const ofDay = `day/${today}/checks`

  test('of a stranger is charged to the number, the network and the day', () => {
    const rules = setup().rules.check(silent, stranger, number, home)
    expect(counted(rules)).toEqual({
      'check/N': [30, 10 * minutes],
      [`${ofDay}/from/<address c63364/24>`]: [2_000, 25 * hours],
      [`${ofDay}/strangers`]: [8_000, 25 * hours],
      [ofDay]: [10_000, 25 * hours],
    })
    expect(one(rules, 'check/N')).toMatchObject({ code: 'number_limit', message: expect.stringContaining('logins') })
    expect(one(rules, ofDay)).toMatchObject({ code: 'spending_limit', option: 'checksPerDay' })
  })

  test('of a known device is charged to it', () => {
    const rules = setup().rules.check(silent, device, number, home)
    expect(counted(rules)).toEqual({
      'check/N/D': [30, 10 * minutes],
      [ofDay]: [10_000, 25 * hours],
      [`${ofDay}/number/N`]: [100, 25 * hours],
    })
    expect(one(rules, `${ofDay}/number/N`)?.message).toEqual(expect.stringContaining('logins'))
  })

  test('limits that are set count, and none is Infinity', () => {
    const own = setup({ checksPerNumber: 500, checksPerDay: 6_000 }).rules
    expect(counted(own.check(silent, device, number, home))).toEqual({
      'check/N/D': [500, 10 * minutes],
      [ofDay]: [6_000, 25 * hours],
      [`${ofDay}/number/N`]: [500, 25 * hours],
    })
    const endless = setup({ checksPerNumber: Number.POSITIVE_INFINITY, checksPerDay: Number.POSITIVE_INFINITY }).rules
    for (const account of [stranger, device]) expect(endless.check(silent, account, number, home)).toEqual([])
  })

  test('of a review number costs nobody anything: only its code can be guessed', () => {
    expect(counted(setup().rules.check(review, stranger, number, home))).toEqual({ 'guess/N': [10, 24 * hours] })
  })
})

describe('a start', () => {
  test('is charged to the address of a stranger before its check', () => {
    const { rules } = setup({ startsPerAddress: 7 })
    const all = rules.start(silent, stranger, number, home)
    expect(counted(all.slice(0, 2))).toEqual({
      'starts/address/<address c6336407/32>': [7, 10 * minutes],
      'starts/address/<address c63364/24>': [70, 10 * minutes],
    })
    expect(all.slice(2)).toEqual(rules.check(silent, stranger, number, home))
  })

  test('of a known device is charged to no address: whoever is behind the same one could stop it', () => {
    const { rules } = setup()
    expect(rules.start(silent, device, number, home)).toEqual(rules.check(silent, device, number, home))
  })

  test('from IPv6 is charged to the subscriber and the networks around, and the widest is where it comes from', () => {
    const all = setup().rules.start(review, stranger, number, { address: '2001:db8:1:203::1' })
    const places = all.filter(({ code }) => code === 'address_limit')
    expect(places.map(({ key, limit, origin }) => [key, limit, origin])).toEqual([
      ['starts/address/<address 20010db800010203/64>', 300, undefined],
      ['starts/address/<address 20010db8000102/56>', 900, undefined],
      ['starts/address/<address 20010db80001/48>', 3_000, true],
    ])
  })

  test('from nowhere that is known shares one counter with all others', () => {
    const [rule] = setup().rules.start(review, stranger, number, { address: undefined })
    expect(rule).toMatchObject({ key: 'starts/address/<address unknown>', limit: 300, origin: true })
  })
})

describe('a guess', () => {
  test('of a stranger is charged to the number and the address', () => {
    const rules = setup({ failedVerifiesPerAddress: 5 }).rules.attempt(sms, stranger, home)
    expect(rules.map(({ key, limit, cost }) => [key, limit, cost])).toEqual([
      ['guess/N', 10, 1],
      ['failedVerifies/address/<address c6336407/32>', 5, undefined],
      ['failedVerifies/address/<address c63364/24>', 50, undefined],
    ])
  })

  test('of a known device is charged to it and to all known devices together', () => {
    const rules = setup().rules.attempt(sms, device, home)
    expect(rules.map(({ key, limit, cost, code }) => [key, limit, cost, code])).toEqual([
      [guessKeys.device('N', 'D'), 10, 1, 'code_locked'],
      [guessKeys.devices('N'), 20, 1, 'code_locked'],
    ])
    expect(new Set([...Object.values(guessKeys).map((key) => key('N', 'D'))]).size).toBe(3)
  })

  test('where nothing can be guessed locks nobody', () => {
    const keys = Object.keys(counted(setup().rules.attempt(silent, stranger, home)))
    expect(keys.every((key) => key.startsWith('failedVerifies/'))).toBe(true)
    expect(keys.length).toBe(2)
    expect(setup().rules.attempt(silent, device, home)).toEqual([])
  })
})

test('the share of a network is that of the widest around the address', () => {
  const rules = setup().rules.check(silent, stranger, number, { address: '2001:db8:1:203::1' })
  expect(one(rules, `day/${today}/checks/from/<address 20010db80001/48>`)).toBeDefined()
})

test('no number pays for another one: a known device shares only block, country and day with those of other numbers', () => {
  const { rules } = setup()
  for (const [rung, shared] of [
    [sms, 3],
    [silent, 1],
  ] as const) {
    const keysOf = (account: { number: string; device: string }) =>
      [...rules.attempt(rung, account, home), ...rules.start(rung, account, number, home)].map(({ key }) => key)
    const mine = keysOf({ number: 'N', device: 'D' })
    const others = keysOf({ number: 'M', device: 'D' })
    expect(mine.filter((key) => others.includes(key)).length).toBe(shared)
  }
})

describe('what is given back', () => {
  const keysBack = (startMs: number) => {
    const { rules } = setup({}, startMs)
    return rules.toRefund(rules.check(sms, stranger, number, home))
  }

  test('is each charge and no question', () => {
    const back = keysBack(midnight + 20_000)
    expect(back.every(({ cost }) => cost === -1)).toBe(true)
    expect(back.map(({ key }) => key)).not.toContain('guess/N')
    expect(back.length).toBe(10)
  })

  test('is nothing of a day in its first 20 s: it may have been charged to the day before', () => {
    const back = keysBack(midnight + 19_999)
    expect(back.length).toBe(5)
    expect(back.some(({ daily }) => daily)).toBe(false)
  })
})

describe('the wait that a refusal names', () => {
  const daily = { key: 'k', limit: 1, windowSeconds: 1, code: 'spending_limit', daily: true } as const

  test.each([
    [12 * hours * 1000, 25 * hours, 12 * hours],
    [12 * hours * 1000, 60, 60],
    [24 * hours * 1000 - 1_500, 25 * hours, 2],
    [24 * hours * 1000 - 1, 25 * hours, 1],
    [0, 0, 1],
  ])('at %d ms of the day, where the counter says %d s, is %d s: no longer than the day', (ms, said, expected) => {
    expect(setup({}, midnight + ms).rules.secondsUntil(daily, said)).toBe(expected)
  })

  test('of other limits is what the counter says', () => {
    const { daily: _, ...other } = daily
    expect(setup({}, midnight + 24 * hours * 1000 - 1).rules.secondsUntil(other, 600)).toBe(600)
  })
})
