import { MemoryStore, type Provider, type StartInput } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { scripted } from '../support/flow.js'

// Vendors name the check, carry the code and say why not in other ways than tru.ID.

function rung(more: Partial<Provider> = {}) {
  const told: { inputs: StartInput[]; codes: string[]; reports: unknown[] } = { inputs: [], codes: [], reports: [] }
  const base = scripted('other')
  const provider: Provider = {
    ...base,
    codeGrammar: /^[\w.~-]{1,16384}$/,
    start: async (input) => {
      told.inputs.push(input)
      return {
        challenge: { type: 'open_url', url: 'https://operator.example/' },
        check: { id: 'c'.repeat(128) },
        expiresInSeconds: 120,
      }
    },
    redeem: async (_check, code) => {
      told.codes.push(code)
      return { outcome: 'verified' }
    },
    judgeReport: (...report) => {
      told.reports.push(report)
      return { unable: 'consent_required' }
    },
    ...more,
  }
  return { provider, told }
}

async function begun(redirect: boolean, body: object = {}, strategy: object = {}) {
  const { provider, told } = rung()
  const app = await startApp({
    redirect,
    ladder: () => [provider],
    strategy: { store: new MemoryStore(), ...strategy },
  })
  const browser = new Browser(app.url)
  const answer = await browser.post('/login/phone', { phone_number: '+12025550100', ...body })
  const { flow } = await answer.json()
  return { app, browser, flow, told, status: answer.status }
}
const id = 'c'.repeat(128)
const back = (query: string) => `/login/phone/return${query}`
const isIn = async (browser: Browser) => (await (await browser.request('/me')).json()).user !== null

describe('the return leg', () => {
  test("takes OAuth's state for the check, other parameters, and a code of 2,048 characters", async () => {
    const { browser, told } = await begun(true)
    const code = 'x'.repeat(2048)
    const answer = await browser.navigate(back(`?code=${code}&state=${id}&iss=https%3A%2F%2Foperator.example`))
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/'])
    expect(told.codes).toEqual([code])
    expect(await isIn(browser)).toBe(true)
  })

  test('refuses a longer code, and a state of another login, before anybody is asked', async () => {
    const { browser, told } = await begun(true)
    for (const query of [`?code=${'x'.repeat(2049)}&state=${id}`, `?code=x&state=${'d'.repeat(128)}`, '?code=x'])
      expect((await browser.navigate(back(query))).headers.get('location')).toMatch(
        /phonecheck=(invalid_request|flow_invalid)$/,
      )
    expect(told.codes).toEqual([])
    expect((await browser.navigate(back(`?code=right&state=${id}`))).headers.get('location')).toBe('/')
  })

  test('has the rung judge a refusal with its description, however long', async () => {
    const { browser, told, app } = await begun(true)
    const long = 'of +12025550100 '.repeat(100)
    const answer = await browser.navigate(
      back(`?error=login_required&error_description=${encodeURIComponent(long)}&state=${id}`),
    )
    expect(answer.headers.get('location')).toBe('/login?phonecheck=rung_unable&reason=consent_required')
    expect(told.reports).toEqual([['login_required', long.slice(0, 1024)]])
    expect(JSON.stringify(app.events)).not.toContain('2025550100')
  })

  test('without a query leads to the page, which may find the result behind the #', async () => {
    const { browser, told } = await begun(true)
    const answer = await browser.navigate(back(''))
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?phonecheck=returned'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(told.codes).toEqual([])
  })
})

describe('verify', () => {
  test("takes a token of 16 KiB and the vendor's other name of the check", async () => {
    const { browser, flow, told } = await begun(false)
    const code = 'x'.repeat(16_384)
    expect((await browser.post('/login/phone/verify', { flow, request_id: id, code })).status).toBe(200)
    expect(told.codes).toEqual([code])
  })

  test('refuses a longer one as what it is, and a body of 25 kB unread', async () => {
    const { browser, flow, told } = await begun(false)
    const answers = await Promise.all(
      [16_385, 25_000].map(async (size) => browser.post('/login/phone/verify', { flow, code: 'x'.repeat(size) })),
    )
    expect(answers.map(({ status }) => status)).toEqual([400, 413])
    expect(await answers[0]?.text()).toContain('code must be a string of at most 16384 characters')
    expect(told.codes).toEqual([])
  })

  test("takes another login's request_id for a stranger's", async () => {
    const { browser, flow, told } = await begun(false)
    expect((await browser.post('/login/phone/verify', { flow, request_id: 'd', code: 'x' })).status).toBe(401)
    expect(told.codes).toEqual([])
  })

  test.each<[string, object, unknown[]]>([
    ['an error with a description', { error: 'pnv/x', error_description: 'why' }, ['pnv/x', 'why']],
    ['a description alone', { error_description: 'why' }, ['sdk_error', 'why']],
    ['a problem document', { type: 'https://v.example/#msisdn-error', detail: 'why' }, ['msisdn-error', 'why']],
    ['a description that is no text', { error: 'x', error_description: { a: 1 } }, ['x', undefined]],
  ])('has the rung judge %s', async (_name, report, judged) => {
    const { browser, flow, told } = await begun(false)
    const answer = await browser.post('/login/phone/verify', { flow, ...report })
    expect(await answer.json()).toMatchObject({ code: 'rung_unable', reason: 'consent_required' })
    expect(told.reports).toEqual([judged])
  })
})

describe('the language', () => {
  const locale = (req: { headers: Record<string, unknown> }) => req.headers['x-language'] as string | undefined

  test('is what the body says, in canonical form', async () => {
    expect((await begun(false, { locale: 'de-ch' }, { locale: () => 'fr' })).told.inputs[0]?.locale).toBe('de-CH')
  })

  test('is what the app says otherwise, or nothing', async () => {
    expect((await begun(false, {}, { locale: () => 'pt-br' })).told.inputs[0]?.locale).toBe('pt-BR')
    expect((await begun(false, {}, { locale })).told.inputs[0]).not.toHaveProperty('locale')
  })

  test.each(['', 'x', 'not a language', 'a'.repeat(36), 5, {}])('%j is refused by its name', async (language) => {
    const { app, status } = await begun(false, { locale: language })
    expect(status).toBe(400)
    const answer = await new Browser(app.url).post('/login/phone', { phone_number: '+12025550100', locale: language })
    expect((await answer.json()).detail).toContain('locale must be')
  })

  test.each([['English please'], [5], [Promise.resolve('de')]])('an app that returns %s hears of it', async (value) => {
    expect((await begun(false, {}, { locale: () => value })).status).toBe(500)
  })
})
