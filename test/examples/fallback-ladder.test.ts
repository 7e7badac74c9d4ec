import { idenfySms, MemoryStore, moCheck, type PhoneCheckEvent, phoneCheck } from 'passport-phonecheck'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import type { Browser as Chromium, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../examples/fallback-ladder/app.js'
import { logEvent } from '../../examples/fallback-ladder/event-log.js'
import { Browser } from '../support/browser.js'
import { bare } from '../support/events.js'
import { axeFindings } from '../support/examples/axe.js'
import { hasChromium, launchChromium, picture, visit } from '../support/examples/chromium.js'
import { runExample } from '../support/examples/demo-process.js'
import { ownServer } from '../support/examples/own-server.js'

const number = '+12025550100'

interface Copy {
  url: string
  sim: Simulator
  clock: FakeClock
  events: PhoneCheckEvent[]
}

/** The app as people copy it, on a clock that can be moved. */
async function startCopy(messagesPerDay: Record<string, number> = { US: 5 }): Promise<Copy> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock })
  onTestFinished(() => sim.close())
  const { server, url } = await ownServer()
  const events: PhoneCheckEvent[] = []
  const idlayr = { baseUrl: sim.url, clientId: 'client', clientSecret: 'secret', clock }
  const app = createApp({
    ladder: [
      phoneCheck(idlayr),
      moCheck(idlayr),
      idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret', senderName: 'Acme', clock }),
    ],
    store: new MemoryStore({ clock }),
    secret: 'a-test-secret-of-at-least-32-bytes',
    sessionSecret: 'another-test-secret',
    origin: url,
    countries: ['US'],
    callbackUrl: `${url}/webhooks/phone`,
    messagesPerDay,
    clock,
    onEvent: (event) => events.push(bare(event)),
  })
  server.on('request', app)
  return { url, sim, clock, events }
}

const json = async (response: Promise<Response>) => {
  const answer = await response
  return { status: answer.status, body: await answer.json() }
}

/** A login whose silent way has failed, as a page without mobile data brings it about. */
async function atTheText({ url }: Copy) {
  const browser = new Browser(url)
  const { flow } = (await json(browser.post('/login/phone', { phone_number: number }))).body
  await browser.post('/login/phone/verify', { flow, error: 'sdk_no_data_connectivity' })
  const step = await json(browser.post('/login/phone/fallback', { flow }))
  expect(step).toMatchObject({
    status: 201,
    body: { method: 'mocheck', challenge: { type: 'send_sms' }, fallback: ['idenfy-sms'] },
  })
  return { browser, flow, challenge: step.body.challenge }
}

const codeIn = (sim: Simulator) => /\b\d{4}\b/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[0] ?? ''

describe('over HTTP', () => {
  test('silently: to the operator and back', async () => {
    const { url, sim } = await startCopy()
    const browser = new Browser(url)
    const { challenge } = (await json(browser.post('/login/phone', { phone_number: number }))).body
    const { location = '' } = await sim.phone(number).browse(challenge.url)
    expect((await browser.navigate(location)).headers.get('location')).toBe('/')
    expect((await json(browser.request('/me'))).body).toEqual({
      number: '+1********00',
      method: 'phonecheck',
      assurance: 'high',
    })
    await browser.request('/logout', { method: 'POST' })
    expect((await json(browser.request('/me'))).body).toBeNull()
  })

  test('by a text, whose arrival the vendor announces', async () => {
    const copy = await startCopy()
    const { browser, flow, challenge } = await atTheText(copy)
    await copy.sim.phone(number).send(challenge.to, challenge.body)
    await copy.sim.settled()
    expect(copy.sim.callbacks).toMatchObject([{ product: 'mo_check', status: 200 }])
    // No wait: the announcement makes the next question due at once.
    expect((await json(browser.post('/login/phone/status', { flow }))).body.state).toBe('verified')
    expect(await json(browser.post('/login/phone/verify', { flow }))).toMatchObject({
      status: 200,
      body: { method: 'mocheck' },
    })
  })

  test('by a code, within the budget', async () => {
    const copy = await startCopy({ US: 1 })
    const first = await atTheText(copy)
    await copy.clock.advance(20_000)
    expect((await json(first.browser.post('/login/phone/fallback', { flow: first.flow }))).body.method).toBe(
      'idenfy-sms',
    )
    const code = codeIn(copy.sim)
    expect(await json(first.browser.post('/login/phone/verify', { flow: first.flow, code }))).toMatchObject({
      status: 200,
      body: { method: 'idenfy-sms', assurance: 'low' },
    })

    const second = await atTheText(copy)
    await copy.clock.advance(20_000)
    const refused = await json(second.browser.post('/login/phone/fallback', { flow: second.flow }))
    expect(refused).toMatchObject({ status: 429, body: { code: 'spending_limit' } })
    expect(copy.sim.count('POST /fraud/send-sms')).toBe(1)
    // The text is still possible, and tomorrow there is a new budget.
    await copy.sim.phone(number).send(second.challenge.to, second.challenge.body)
    await copy.sim.settled()
    expect((await json(second.browser.post('/login/phone/verify', { flow: second.flow }))).status).toBe(200)
  })

  test('other countries get neither a login nor a message', async () => {
    const { url } = await startCopy()
    const answer = await json(new Browser(url).post('/login/phone', { phone_number: '+447400123456' }))
    expect(answer).toMatchObject({ status: 400, body: { code: 'country_not_allowed' } })
  })

  test('serves the client of the package, and its page under a strict policy', async () => {
    const { url } = await startCopy()
    expect(await (await fetch(`${url}/phonecheck/index.js`)).text()).toContain('phoneLogin')
    expect((await fetch(url)).headers.get('content-security-policy')).toMatch(/^default-src 'self'/)
  })
})

test('an event is one line of JSON, with a level', ({ onTestFinished }) => {
  const lines: string[] = []
  const { log } = console
  console.log = (line: string) => lines.push(line)
  onTestFinished(() => {
    console.log = log
  })
  logEvent({ type: 'store_outage', operation: 'find', message: 'The store failed.' })
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', event: { type: 'store_outage' } })
})

test('server.ts names what is missing, and starts nothing', async () => {
  const run = runExample('fallback-ladder/server.ts', { COUNTRIES: 'US' })
  expect(await run.ended).toBe(1)
  expect(run.output.stderr).toMatch(/^Set PHONECHECK_CLIENT_ID, .*, ORIGIN; README\.md says how\.\n$/)
})

test('simulated.ts: the terminal is the phone', async () => {
  const run = runExample('fallback-ladder/simulated.ts')
  onTestFinished(() => run.kill('SIGKILL'))
  const browser = new Browser(await run.address)
  run.type('data off')
  // Typed at another program, so it is not known when it takes effect: a start that is too early
  // finds the phone on mobile data.
  const begin = async () => (await json(browser.post('/login/phone', { phone_number: number }))).body
  await expect.poll(async () => (await begin()).method).toBe('mocheck')
  const { flow, method, challenge } = await begin()
  expect(method).toBe('mocheck')
  run.type(`send ${challenge.to} ${challenge.body}`)
  await expect.poll(() => run.output.stdout).toContain('phone: delivered')
  await expect.poll(async () => (await json(browser.post('/login/phone/status', { flow }))).body.state).toBe('verified')
  expect((await json(browser.post('/login/phone/verify', { flow }))).body.method).toBe('mocheck')
  expect(run.output.stdout).toMatch(/"level":"info","event":\{"type":"identity_verified"/)
  run.kill('SIGTERM')
  expect(await run.ended).toBe(0)
})

describe.skipIf(!hasChromium())('in a browser', () => {
  let chromium: Chromium
  beforeAll(async () => {
    chromium = await launchChromium()
  })
  afterAll(() => chromium?.close())

  const news = (page: Page, text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor()
  const button = (page: Page, name: string) => page.getByRole('button', { name, disabled: false })

  test('the whole ladder on the package’s client: silent fails, text or code, signed in', async () => {
    const { url, sim, clock } = await startCopy()
    sim.browserPhone = sim.phone(number)
    const { page, leave } = await visit(chromium, url)

    sim.phone(number).sim = '+12025550188'
    await page.getByLabel('Mobile number').fill(number)
    await button(page, 'Sign in').click()
    // To the operator and back: the SIM is another one, and the page goes on with a text.
    await page.getByRole('link', { name: 'Send it' }).waitFor()
    expect(page.url()).toBe(`${url}/`)
    sim.phone(number).sim = number
    await picture(page, 'fallback-ladder-text')
    expect(await axeFindings(page)).toEqual([])

    await clock.advance(20_000)
    await button(page, 'Send me a code instead').click()
    const field = page.getByLabel('Code from the text')
    await field.waitFor()
    expect(await field.getAttribute('autocomplete')).toBe('one-time-code')
    const code = codeIn(sim)
    await field.pressSequentially(code === '0000' ? '0001' : '0000')
    await news(page, /That is not the code\. Tries left: 2\./)
    await picture(page, 'fallback-ladder-code')
    expect(await axeFindings(page)).toEqual([])
    await field.pressSequentially(code)
    await page.getByText('Signed in as +1********00 by a code sent to your phone').waitFor()
    await picture(page, 'fallback-ladder-home')
    expect(await axeFindings(page)).toEqual([])

    await button(page, 'Sign out').click()
    await page.getByLabel('Mobile number').fill(number)
    await button(page, 'Sign in').click()
    await page.getByText('by the SIM in your phone').waitFor()
    await leave()
  })

  test('says why the silent way was passed over', async () => {
    const { url, sim } = await startCopy()
    sim.browserPhone = sim.phone(number)
    sim.phone(number).operator = 'unsupported'
    const { page, leave } = await visit(chromium, url)
    await page.getByLabel('Mobile number').fill(number)
    await button(page, 'Sign in').click()
    await page.getByRole('link', { name: 'Send it' }).waitFor()
    await news(page, 'Your operator takes no part in silent sign-in yet.')
    await leave()
  })
})
