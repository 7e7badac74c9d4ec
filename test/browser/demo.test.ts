import type { Route } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasChromium, picture } from '../support/examples/chromium.js'
import { browserButton, chip, demoVisits, logLine, signInButton } from '../support/examples/demo-visit.js'

const greeting = 'Signed in as +1 ••• ••• ••00'

describe.skipIf(!hasChromium())('the demo in a browser', () => {
  const visits = demoVisits()
  const { arrive } = visits

  test('silent success: one click, and the page greets its user', async () => {
    const { page } = await arrive()
    await picture(page, 'desktop-light-login')
    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
    await page.getByText('Code received').waitFor()
    await logLine(page, 'identity_verified').waitFor()
    await picture(page, 'desktop-light-home')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to Acme' }).waitFor()
  })

  test.each([
    ['Wrong SIM', 'This phone has a different number', /Correct the number, or use the phone that has it/],
    ['Expired', 'That took too long', /Nothing was lost: try again/],
  ])('%s: ends in words that say what to do', async (scenario, title, advice) => {
    const { page } = await arrive()
    await chip(page, scenario).click()
    const status = page.locator('#status')
    await status.getByText(title).waitFor()
    expect(await status.textContent()).toMatch(advice)
    await logLine(page, /POST \/login\/phone.*4\d\d/)
      .first()
      .waitFor()
    await picture(page, `desktop-light-${scenario.toLowerCase().replaceAll(' ', '-')}`)

    // The next login works, without a reload.
    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
  })

  test('Wi-Fi only: known at the start; the page says so, asks for a text, and signs in silently once mobile data is on', async () => {
    const { page } = await arrive()
    await chip(page, 'Wi-Fi only').click()
    await page.locator('#status').getByText('Mobile data is needed').waitFor()
    await page.getByRole('heading', { name: 'Text us instead' }).waitFor()
    await picture(page, 'desktop-light-wi-fi-only')
    await page.getByLabel('Mobile data').check()
    await logLine(page, 'Mobile data is switched on').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText(greeting).waitFor()
  })

  test('each answer stands below the calls that decided it', async () => {
    const { page } = await arrive()
    await chip(page, 'Wrong SIM').click()
    await logLine(page, /App → Page.*POST \/login\/phone\/verify.*401/).waitFor()
    const rows = await page.locator('#log-steps .step').allInnerTexts()
    const at = (text: RegExp) => rows.findIndex((row) => text.test(row.replaceAll('\n', ' ')))
    expect(at(/Page → App.*verify/)).toBeLessThan(at(/PATCH/))
    expect(at(/PATCH/)).toBeLessThan(at(/App → Page.*verify.*401/))
    expect(rows[0]).not.toContain('reminder')
    expect(rows.filter((row) => row.split('\n').includes('…'))).toEqual([])
  })

  test('a scenario shows nothing of the one before, neither in the log nor on the phone', async () => {
    const { page } = await arrive()
    await chip(page, 'Text us instead').click()
    await page.locator('.bubble.out').waitFor()
    await page.getByText('Signed in by a text from your phone').waitFor()
    await chip(page, 'Wrong SIM').click()
    await page.getByText('This phone has a different number').waitFor()
    expect(await page.locator('.bubble').count()).toBe(0)
    expect(await page.locator('#log-steps .step.begins').count()).toBe(1)
    await page.getByRole('button', { name: 'Clear' }).waitFor()
  })

  test('a visitor who finds another SIM in the phone signs in with its number', async () => {
    const { page } = await arrive()
    await visits.remote('PATCH', '/demo/phone', { sim: '+12025550142' })
    await page.reload()
    await expect.poll(() => page.getByLabel('Mobile number').inputValue()).toBe('+12025550142')
    await signInButton(page).click()
    await page.getByText('Signed in as +1 ••• ••• ••42').waitFor()
  })

  test('at 1280 x 800 form, phone and log are seen together, and the log scrolls by itself', async () => {
    const { page } = await arrive({ viewport: { width: 1280, height: 800 } })
    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
    await logLine(page, 'identity_verified').waitFor()
    for (const part of ['main', '.phone', '.log']) {
      const box = await page.locator(part).boundingBox()
      expect((box?.y ?? 0) + (box?.height ?? 900), part).toBeLessThanOrEqual(800)
    }
    await picture(page, 'desktop-1280')
  })

  test('a chip on the home page signs out and plays its scenario', async () => {
    const { page } = await arrive()
    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
    await chip(page, 'Wrong SIM').click()
    await page.getByText('This phone has a different number').waitFor()
  })

  test('a number cannot get into the address while the script of the login page is on its way', async () => {
    const { page } = await arrive()
    const held: Route[] = []
    await page.route('**/login.js', (route) => held.push(route), { times: 1 })
    await page.reload({ waitUntil: 'commit' })
    await expect.poll(() => held.length).toBe(1)
    await page.getByLabel('Mobile number').fill('+12025550100')
    await page.getByLabel('Mobile number').press('Enter')
    expect(page.url()).toBe(`${visits.demo.url}/login`)
    expect(await signInButton(page).isDisabled()).toBe(true)
    await held[0]?.continue()
    await signInButton(page).click()
    await page.getByText(greeting).waitFor()
  })

  test('a chip cannot be clicked in vain while the scripts of its page are on their way', async () => {
    const { page } = await arrive()
    const held: Route[] = []
    await page.route('**/scenarios.js', (route) => held.push(route), { times: 1 })
    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
    expect(await chip(page, 'Wrong SIM').isDisabled()).toBe(true)
    await expect.poll(() => held.length).toBe(1)
    await held[0]?.continue()
    await chip(page, 'Wrong SIM').click()
    await page.getByText('This phone has a different number').waitFor()
  })

  test('with the browser only: to the operator and back, and the log survives the round trip', async () => {
    const { page } = await arrive()
    await browserButton(page).click()
    await page.getByText(greeting).waitFor()
    expect(page.url()).toBe(`${visits.demo.url}/`)
    for (const step of [
      /POST \/login\/phone\/browser.*201/,
      /GET \/_operator\/1/,
      /GET \/login\/phone\/return.*302/,
      'identity_verified',
    ]) {
      await logLine(page, step).waitFor()
    }
  })

  test('with the browser only and a wrong SIM: back on the login page with the reason, under a clean address', async () => {
    const { page } = await arrive()
    await page.getByLabel('Number of the SIM').fill('+1 202 555 0142')
    await page.getByLabel('Number of the SIM').press('Enter')
    await logLine(page, 'its number ends in 42').waitFor()
    await page.getByLabel('Mobile number').fill('+1 202 555 0199')
    await browserButton(page).click()
    await page.getByText('This phone has a different number').waitFor()
    expect(page.url()).toBe(`${visits.demo.url}/login`)
    expect(await page.getByLabel('Mobile number').inputValue()).toBe('+1 202 555 0199')
    await logLine(page, /GET \/login\/phone\/return.*303/).waitFor()
    await picture(page, 'desktop-light-browser-wrong-sim')

    await page.reload()
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
    expect(await page.locator('#status').textContent()).toBe('')
  })

  test('Unsupported operator: known at the start, so the page asks for a text at once', async () => {
    const { page } = await arrive()
    await chip(page, 'Unsupported operator').click()
    await page.locator('#status').getByText('Silent sign-in does not work here').waitFor()
    await page.getByRole('heading', { name: 'Text us instead' }).waitFor()
    await logLine(page, /rung_skipped.*mno_not_supported/).waitFor()
    await picture(page, 'desktop-light-unsupported-operator')

    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
  })

  test('with the browser only on Wi-Fi: known at the start, so that nobody strands at the operator', async () => {
    const { page } = await arrive()
    await page.getByLabel('Mobile data').uncheck()
    await logLine(page, 'Mobile data is switched off').waitFor()
    await browserButton(page).click()
    await page.getByRole('heading', { name: 'Text us instead' }).waitFor()
    expect(page.url()).toBe(`${visits.demo.url}/login`)
    await logLine(page, /POST \/login\/phone\/browser.*201/).waitFor()
    await logLine(page, /POST \/phone_check\/v0\.2\/checks.*412/).waitFor()
  })

  test('two tabs at once: each finishes the login that it began', async () => {
    const { page: one, newTab } = await arrive()
    const two = await newTab()
    const flows = new Set<string>()
    const gate = barrier(2)
    for (const page of [one, two]) {
      // Both have begun before either goes on.
      await page.route('**/demo/phone/open', async (route) => {
        await gate()
        await route.continue()
      })
      page.on('request', (request) => {
        if (request.url().endsWith('/login/phone/verify')) flows.add(request.postDataJSON().flow)
      })
    }
    const verified = [one, two].map((page) => page.waitForResponse('**/login/phone/verify'))
    const gone = [one, two].map((page) => page.waitForEvent('load'))
    await Promise.all([one, two].map((page) => page.getByRole('button', { name: 'Sign in', exact: true }).click()))
    expect((await Promise.all(verified)).map((response) => response.status())).toEqual([200, 200])
    expect(flows.size).toBe(2)
    await Promise.all(gone)
    for (const page of [one, two]) {
      // Passport renews the session at each login, so the tab that was faster may have asked for
      // its page with a session that is just gone.
      await page.goto(visits.demo.url)
      await page.getByText(greeting).waitFor()
    }
  })
})

/** Lets nobody through before all have come. */
function barrier(size: number): () => Promise<void> {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let present = 0
  return () => {
    present += 1
    if (present === size) open()
    return opened
  }
}
