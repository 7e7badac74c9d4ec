import type { BrowserContextOptions, Page } from 'playwright-core'
import type { Visitor } from './chromium.js'
import { type DemoVisits, signInButton } from './demo-visit.js'

export interface LadderVisits {
  /** iDenfy sends no second code to a number while one is open: each visitor has a number of their own. */
  freshNumber(): string
  /** Somebody on Wi-Fi whom the page asks for a text. */
  atTheText(options?: BrowserContextOptions): Promise<Visitor & { number: string }>
  /** Somebody to whom a code was sent, which is returned. */
  atTheCode(options?: BrowserContextOptions): Promise<Visitor & { number: string; code: string }>
}

/** Ways to the panels of the ladder. */
export function ladderVisits({ arrive, remote }: DemoVisits): LadderVisits {
  let numbers = 40
  function freshNumber(): string {
    numbers += 1
    return `+120255501${numbers}`
  }

  async function atTheText(options: BrowserContextOptions = {}) {
    const number = freshNumber()
    const visitor = await arrive(options, number)
    await remote('PATCH', '/demo/phone', { mobileData: false })
    await signInButton(visitor.page).click()
    await textLink(visitor.page).waitFor()
    return { ...visitor, number }
  }

  async function atTheCode(options: BrowserContextOptions = {}) {
    const visitor = await atTheText(options)
    await remote('POST', '/demo/clock', { seconds: 20 })
    await readyButton(visitor.page, 'Send me a code instead').click()
    await codeField(visitor.page).waitFor()
    return { ...visitor, code: await codeInInbox(visitor.page) }
  }

  return { freshNumber, atTheText, atTheCode }
}

export function textLink(page: Page) {
  return page.getByRole('link', { name: 'Send this text' })
}

export function codeField(page: Page) {
  return page.getByLabel('Code from the text')
}

/** A button whose countdown has ended. */
export function readyButton(page: Page, name: string) {
  return page.locator('main').getByRole('button', { name, exact: true, disabled: false })
}

export async function codeInInbox(page: Page): Promise<string> {
  const text = await page.locator('.bubble.in').last().innerText()
  return /code: (\d{4})/.exec(text)?.[1] ?? ''
}

/** Another code. */
export function wrong(code: string): string {
  return code === '0000' ? '0001' : '0000'
}
