import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { chromiumPath, needs } from '../needs.js'

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Whether tests in a browser can run here. Under CI, where nothing may be skipped, it throws. */
export function hasChromium(): boolean {
  if (needs.chromium.isMet()) return true
  if (process.env['CI'])
    throw new Error(`This machine lacks ${needs.chromium.what}, and under CI these tests must not be skipped.`)
  return false
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args })
}

export interface Visitor {
  page: Page
  /** Another tab of the same browser. */
  newTab(): Promise<Page>
  /** Fails if any page complained, and ends the visit. */
  leave(): Promise<void>
}

/** One person with a clean browser, who remembers every complaint of every page. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(60_000)
  const complaints: string[] = []
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`CSP: ${violatedDirective} ${blockedURI}`)
    })
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return
    // Chromium reports each refused fetch as an error, and a refused login is what some tests are about.
    const refusal = /^Failed to load resource: .* status of 4\d\d/.test(message.text())
    if (refusal && new URL(message.location().url).pathname.startsWith('/login/phone')) return
    complaints.push(`${message.text()} (${message.location().url})`)
  })
  async function newTab(): Promise<Page> {
    const page = await context.newPage()
    await page.goto(url)
    return page
  }
  return {
    page: await newTab(),
    newTab,
    leave: async () => {
      await context.close()
      expect(complaints).toEqual([])
    },
  }
}

const shots = fileURLToPath(new URL('../../../test-results/demo/', import.meta.url))

/** Keeps a picture in test-results/, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: `${shots}${name}.png`, fullPage: true, animations: 'disabled' })
}
