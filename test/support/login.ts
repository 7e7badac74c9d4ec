import { type TestApp, number as testNumber } from './app.js'
import { Browser } from './browser.js'

export interface BegunLogin {
  browser: Browser
  /** The handle. */
  flow: string
  id: string
  challengeUrl: string
  checkId: string
}

/** A browser that has started a login. */
export async function begin(app: TestApp, browser = new Browser(app.url), number = testNumber): Promise<BegunLogin> {
  const response = await browser.post('/login/phone', { phone_number: number })
  if (response.status !== 201) throw new Error(`start answered ${response.status}: ${await response.text()}`)
  const { flow, id, challenge } = await response.json()
  const checkId = new URL(challenge.url).pathname.split('/').at(-2) ?? ''
  return { browser, flow, id, challengeUrl: challenge.url, checkId }
}

/** What the phone of this number gets from the check URL. */
export async function deviceAnswer(
  app: TestApp,
  url: string,
  number = testNumber,
): Promise<{ check_id: string; code: string }> {
  const result = await app.sim.phone(number).open(url)
  if (!('body' in result)) throw new Error('the phone has no mobile data')
  return result.body as { check_id: string; code: string }
}

/** A login up to the code. */
export async function beginWithCode(app: TestApp, browser?: Browser): Promise<BegunLogin & { code: string }> {
  const begun = await begin(app, browser)
  const { code } = await deviceAnswer(app, begun.challengeUrl)
  return { ...begun, code }
}

/** Where the provider sends the phone's browser at the end. */
export async function returnUrl(app: TestApp, url: string, number = testNumber): Promise<string> {
  const result = await app.sim.phone(number).browse(url)
  if (!('location' in result) || !result.location) throw new Error(`not sent back: ${JSON.stringify(result)}`)
  return result.location
}

export const patches = (app: TestApp) => app.sim.count('PATCH /phone_check/v0.2/checks/*')
export const creates = (app: TestApp) => app.sim.count('POST /phone_check/v0.2/checks')

export async function isLoggedIn(browser: Browser): Promise<boolean> {
  return (await (await browser.request('/me')).json()).user !== null
}
