import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { launchChromium, type Visitor, visit } from './chromium.js'
import { type Demo, startDemo, stopDemo } from './demo-process.js'

export interface DemoVisits {
  readonly demo: Demo
  /** A newcomer on the page, with a phone that works (of that number) and an empty log. */
  arrive(options?: BrowserContextOptions, number?: string): Promise<Visitor>
  /** The demo's remote control. */
  remote(method: string, path: string, body?: object): Promise<void>
}

/** One running demo and one browser for all tests of a suite. */
export function demoVisits(): DemoVisits {
  let demo: Demo
  let browser: Browser

  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo(), launchChromium()])
  })
  afterAll(async () => {
    await browser?.close()
    if (demo) await stopDemo(demo)
  })

  async function remote(method: string, path: string, body: object = {}): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(demo.url + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
  }

  async function arrive(options: BrowserContextOptions = {}, number = '+12025550100'): Promise<Visitor> {
    await remote('PATCH', '/demo/phone', { sim: number, mobileData: true, supported: true })
    await remote('DELETE', '/demo/log')
    const visitor = await visit(browser, demo.url, options)
    if (number !== '+12025550100') await visitor.page.getByLabel('Mobile number').fill(number)
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') {
        const [card, log] = await Promise.all(
          ['main', '#log-steps'].map((part) => visitor.page.locator(part).innerText()),
        )
        console.error(`The card said: ${card}\nThe log said: ${log}\n${demo.output.stderr}`)
      }
      await visitor.leave()
    })
    return visitor
  }

  return {
    get demo() {
      return demo
    },
    arrive,
    remote,
  }
}

export function chip(page: Page, name: string) {
  return page.getByRole('group', { name: 'Scenarios' }).getByRole('button', { name })
}

export function signInButton(page: Page) {
  return page.locator('#login').getByRole('button', { name: 'Sign in', exact: true })
}

export function browserButton(page: Page) {
  return page.getByRole('button', { name: 'Sign in as on a website' })
}

export function logLine(page: Page, text: string | RegExp) {
  return page.locator('#log-steps .step').filter({ hasText: text })
}

export async function tabTo(page: Page, selector: string): Promise<void> {
  const target = page.locator(selector)
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press('Tab')
    if (await target.evaluate((element) => element === document.activeElement)) return
  }
  throw new Error(`Tab never reached ${selector}`)
}

export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { scroll, client } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return { scroll: scrollWidth, client: clientWidth }
  })
  expect(scroll).toBeLessThanOrEqual(client)
}
