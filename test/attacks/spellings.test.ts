import { describe, expect, test } from 'vitest'
import { number, startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { inScript } from '../support/keyboards.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'
import { beginWithCode, patches } from '../support/login.js'

const codeOnly = (names?: object) => ladderApp('cookie + body', ['idenfy-sms'], names)

describe('a code that a person types', () => {
  test.each([
    ['Arabic-Indic digits', (code: string) => inScript(code, 0x660)],
    ['Devanagari digits', (code: string) => inScript(code, 0x966)],
    ['full-width digits', (code: string) => inScript(code, 0xff10)],
    ['blanks', (code: string) => ` ${code.slice(0, 2)} ${code.slice(2)} `],
    ['a dash', (code: string) => `${code.slice(0, 2)}–${code.slice(2)}`],
    ['marks of a right-to-left page', (code: string) => `\u2067${code}\u2069\u200f`],
    ['a no-break space and a line end', (code: string) => `${code}\u00a0\r\n`],
  ])('with %s logs in', async (_, spell) => {
    const app = await codeOnly()
    const visitor = new Visitor(app)
    await visitor.start()
    expect(await visitor.verify({ code: spell(visitor.code()) })).toMatchObject({
      status: 200,
      body: { method: 'idenfy-sms' },
    })
  })

  test.each([
    ['a letter', (code: string) => `${code.slice(0, 3)}o`],
    ['another digit', (code: string) => `${code}0`],
    ['digits of two scripts', (code: string) => code.slice(0, 2) + inScript(code.slice(2), 0x660)],
    ['two codes', (code: string) => `${code} ${code}`],
    ['a comma', (code: string) => `${code.slice(0, 2)},${code.slice(2)}`],
    ['circled digits', (code: string) => code.replace(/[0-9]/g, '①')],
    ['a number', (code: string) => Number(code)],
  ])('with %s is malformed: no try, no question to the vendor', async (_, spell) => {
    const app = await codeOnly()
    const visitor = new Visitor(app)
    await visitor.start()
    expect(await visitor.verify({ code: spell(visitor.code()) })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    })
    expect(app.sim.count(calls.verify)).toBe(0)
    const wrong = visitor.code() === '0000' ? '0001' : '0000'
    expect((await visitor.verify({ code: wrong })).body).toMatchObject({ code: 'invalid_code', attempts_left: 2 })
  })

  test('of a review number is read the same way', async () => {
    const reviewNumbers = [{ phoneNumber: number, code: '482913', until: new Date(Date.UTC(2026, 0, 31)) }]
    const app = await codeOnly({ strategy: { reviewNumbers } })
    const visitor = new Visitor(app)
    await visitor.start()
    expect((await visitor.verify({ code: inScript('482-913', 0x6f0) })).status).toBe(200)
  })
})

test('a code that the device carries is taken byte by byte', async () => {
  const app = await startApp()
  const { browser, flow, code } = await beginWithCode(app)
  for (const spelt of [` ${code}`, `${code}\u200e`, `${code.slice(0, 2)} ${code.slice(2)}`, inScript(code, 0xff10)]) {
    if (spelt === code) continue
    expect((await browser.post('/login/phone/verify', { flow, code: spelt })).status).toBe(400)
  }
  expect(patches(app)).toBe(0)
  expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
})

test('every spelling of a number is the same user', async () => {
  const app = await codeOnly()
  const users = new Set<unknown>()
  for (const spelt of [number, inScript(number, 0x660), '\u202d+1 (202) 555-0100\u202c']) {
    const visitor = new Visitor(app, spelt)
    await visitor.start()
    const code = /\b(\d{4})\b/.exec(app.sim.phone(number).inbox.at(-1)?.text ?? '')?.[1]
    const answer = await visitor.verify({ code })
    users.add(JSON.stringify(answer.body['user']))
    await app.clock.advance(600_000)
  }
  expect([...users]).toEqual([JSON.stringify({ id: `user-of-${number}` })])
})

test('the two country codes of a Palestinian subscriber share the limit of messages and the count of wrong codes', async () => {
  const app = await codeOnly({
    simulator: { behaviour: { idenfySecondSend: 'accept' } },
    strategy: { countries: ['PS', 'IL'] },
  })
  const start = async (phoneNumber: string) => {
    const visitor = new Visitor(app, phoneNumber)
    const answer = await visitor.start()
    await app.clock.advance(1_000)
    return answer.body.code ?? answer.status
  }
  const answers = []
  for (const digits of [
    '+970599123456',
    '+972599123456',
    '+972599123456',
    '+970599123456',
    '+972599123456',
    '+970599123456',
    '+972599123456',
  ]) {
    answers.push(await start(digits))
  }
  expect(answers).toEqual([201, 201, 201, ...Array(4).fill('number_limit')])
  expect(await start('+972502345678')).toBe(201)
})

test.each([
  ['SJ', 'NO'],
  ['AX', 'FI'],
  ['BL', 'GP'],
  ['MF', 'GP'],
  ['VA', 'IT'],
  ['EH', 'MA'],
  ['CC', 'AU'],
  ['CX', 'AU'],
])('countries: %s is a TypeError that names %s', async (country, region) => {
  await expect(startApp({ strategy: { countries: ['US', country] } })).rejects.toThrow(
    new TypeError(
      `PhoneCheckStrategy: countries: ${country} has no mobile numbers of its own; its phones have numbers of ${region}, so list '${region}'`,
    ),
  )
})

test('a national number of Argentina, as it is said at home, logs its mobile phone in', async () => {
  const app = await startApp({ strategy: { defaultCountry: 'AR' } })
  expect((await new Browser(app.url).post('/login/phone', { phone_number: '11 2345-6789' })).status).toBe(201)
  const refused = await new Browser(app.url).post('/login/phone', { phone_number: '+54 11 2345-6789' })
  expect(await refused.json()).toMatchObject({
    code: 'number_type_not_allowed',
    detail: expect.stringContaining('9 after +54'),
  })
})
