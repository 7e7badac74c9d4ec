import { describe, expect, test } from 'vitest'
import { hasChromium, picture } from '../support/examples/chromium.js'
import { codeField, codeInInbox, ladderVisits, readyButton, textLink, wrong } from '../support/examples/demo-ladder.js'
import {
  browserButton,
  chip,
  demoVisits,
  expectNoSidewaysScroll,
  logLine,
  signInButton,
  tabTo,
} from '../support/examples/demo-visit.js'

describe.skipIf(!hasChromium())('the ladder in a browser', () => {
  const visits = demoVisits()
  const { arrive, remote } = visits

  const { freshNumber, atTheText, atTheCode } = ladderVisits(visits)

  test('on Wi-Fi: the page asks for a text, the phone sends it, the page greets', async () => {
    const { page, number } = await atTheText()
    await page.locator('#status').getByText('Mobile data is needed').waitFor()
    expect(await textLink(page).getAttribute('href')).toMatch(/^sms:\+447700900123\?&body=\d{6}$/)
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('text-us-title')
    const text = await page.locator('#text-body').innerText()
    await picture(page, 'desktop-light-text')

    await textLink(page).click()
    await page.locator('#status').getByText('Waiting for your text to arrive').waitFor()
    await page.locator('.bubble.out').getByText(text).waitFor()
    await picture(page, 'desktop-light-text-sent')

    await page.getByText(`Signed in as +1 ••• ••• ••${number.slice(-2)}`).waitFor()
    await page.getByText('Signed in by a text from your phone').waitFor()
    await page.getByText('Assurance: medium').waitFor()
    for (const step of [
      /Phone → IDlayrSMSsent/,
      /IDlayr → AppPOST \/webhooks\/phone200/,
      /POST \/login\/phone\/status.*200/,
      'identity_verified',
    ]) {
      await logLine(page, step).first().waitFor()
    }
    expect(await page.locator('#log-steps').textContent()).not.toContain(text)
    await picture(page, 'desktop-light-home-text')
  })

  test('on to a code: the wrong one says how many tries are left, the right one signs in by itself', async () => {
    const { page, number } = await atTheText()
    const other = page.getByRole('button', { name: /^Send me a code instead in 0:(20|1\d)$/ })
    await other.click({ force: true })
    expect(await other.getAttribute('aria-disabled')).toBe('true')
    await page.getByRole('button', { name: 'Let 2 minutes pass' }).click()
    await readyButton(page, 'Send me a code instead').click()

    const field = codeField(page)
    await field.waitFor()
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true)
    for (const [name, value] of [
      ['autocomplete', 'one-time-code'],
      ['inputmode', 'numeric'],
      ['pattern', '[0-9]{4}'],
      ['maxlength', '4'],
    ]) {
      expect(await field.getAttribute(name ?? ''), name).toBe(value)
    }
    const code = await codeInInbox(page)
    await field.pressSequentially('12 3')
    expect(await field.inputValue()).toBe('123')
    await picture(page, 'desktop-light-code')
    await field.fill('')

    await field.pressSequentially(wrong(code))
    await page.locator('#status').getByText('You have 2 tries left').waitFor()
    expect(await field.inputValue()).toBe('')
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    await logLine(page, /code_rejected.*Tries left: 2/).waitFor()
    await picture(page, 'desktop-light-code-wrong')

    await field.pressSequentially(code)
    await page.getByText(`Signed in as +1 ••• ••• ••${number.slice(-2)}`).waitFor()
    await page.getByText('Signed in by a code sent to your phone').waitFor()
    await page.getByText('Assurance: low').waitFor()
    const log = await page.locator('#log-steps').textContent()
    expect(log).not.toContain(number.slice(-8))
    // The digits alone may be part of an id.
    expect(log).not.toMatch(new RegExp(`\\b${code}\\b`))
    await picture(page, 'desktop-light-home-code')
  })

  test('a wrong SIM: the text is offered, and the phone that has the number signs in', async () => {
    const number = freshNumber()
    const { page } = await arrive({}, number)
    await remote('PATCH', '/demo/phone', { sim: '+12025550188' })
    await signInButton(page).click()
    await page.locator('#status').getByText('This phone has a different number').waitFor()
    await picture(page, 'desktop-light-wrong-sim-offer')
    await remote('PATCH', '/demo/phone', { sim: number })
    await readyButton(page, 'Text us instead').click()
    await textLink(page).click()
    await page.getByText('Signed in by a text from your phone').waitFor()
  })

  test('a wrong SIM with the browser only: the same, after the way to the operator and back', async () => {
    const number = freshNumber()
    const { page } = await arrive({}, number)
    await remote('PATCH', '/demo/phone', { sim: '+12025550188' })
    await browserButton(page).click()
    await page.locator('#status').getByText('This phone has a different number').waitFor()
    await remote('PATCH', '/demo/phone', { sim: number })
    await readyButton(page, 'Text us instead').click()
    await textLink(page).click()
    await page.getByText('Signed in by a text from your phone').waitFor()
  })

  test('a reload in the middle: the page goes on where it was', async () => {
    const { page } = await atTheText()
    const text = await page.locator('#text-body').innerText()
    await page.reload()
    expect(await page.locator('#text-body').innerText()).toBe(text)
    await remote('POST', '/demo/clock', { seconds: 20 })
    await readyButton(page, 'Send me a code instead').click()
    await codeField(page).waitFor()
    await page.reload()
    await codeField(page).pressSequentially(await codeInInbox(page))
    await page.getByText('Signed in by a code sent to your phone').waitFor()
  })

  test('starting over: back at the number, and the next login works', async () => {
    const { page } = await atTheCode()
    await page.getByRole('button', { name: 'Start over' }).click()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('number')
    expect(await page.locator('#status').textContent()).toBe('')
    await remote('PATCH', '/demo/phone', { mobileData: true })
    await signInButton(page).click()
    await page.getByText('Signed in by your SIM').waitFor()
    await page.getByText('Assurance: high').waitFor()
  })

  test('two tabs: each waits for its own text, and each signs in', async () => {
    const { page: one, newTab, number } = await atTheText()
    const two = await newTab()
    await two.getByLabel('Mobile number').fill(number)
    await signInButton(two).click()
    await textLink(two).waitFor()
    expect(await textLink(one).getAttribute('href')).not.toBe(await textLink(two).getAttribute('href'))
    await textLink(two).click()
    await two.getByText('Signed in by a text from your phone').waitFor()
    await textLink(one).waitFor()
    await textLink(one).click()
    await one.getByText('Signed in by a text from your phone').waitFor()
  })

  test('with the keyboard alone, over the text to the code', async () => {
    const number = freshNumber()
    const { page } = await arrive({}, number)
    await remote('PATCH', '/demo/phone', { mobileData: false })
    await tabTo(page, 'button[value="device"]')
    await page.keyboard.press('Enter')
    await textLink(page).waitFor()
    await remote('PATCH', '/demo/phone', { sim: null })
    await tabTo(page, '#text-link')
    await page.keyboard.press('Enter')
    await page.getByText('No SIM to send the text with').waitFor()
    await remote('PATCH', '/demo/phone', { sim: number })
    await remote('POST', '/demo/clock', { seconds: 20 })
    await readyButton(page, 'Send me a code instead').waitFor()
    await tabTo(page, '#another-way')
    await page.keyboard.press('Space')
    await codeField(page).waitFor()
    await page.keyboard.type(await codeInInbox(page))
    await page.getByText('Signed in by a code sent to your phone').waitFor()
  })

  test.each([
    ['Text us instead', 'Signed in by a text from your phone'],
    ['Code by SMS', 'Enter the code'],
  ])('the chip “%s” plays by itself', async (scenario, end) => {
    const { page } = await arrive()
    await chip(page, scenario).click()
    await page.getByText(end).waitFor()
  })

  test.each([
    ['mobile-light', { width: 360, height: 740 }, 'light'],
    ['mobile-dark', { width: 360, height: 740 }, 'dark'],
    ['desktop-dark', { width: 1280, height: 900 }, 'dark'],
  ] as const)('nothing sticks out, for people to look at (%s)', async (name, viewport, colorScheme) => {
    const { page } = await atTheText({ viewport, colorScheme, reducedMotion: 'reduce' })
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-text`)
    await remote('POST', '/demo/clock', { seconds: 20 })
    await readyButton(page, 'Send me a code instead').click()
    await codeField(page).waitFor()
    const code = await codeInInbox(page)
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-code`)
    await codeField(page).pressSequentially(wrong(code))
    await page.getByText('You have 2 tries left').waitFor()
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-code-wrong`)
    await codeField(page).pressSequentially(code)
    await page.getByText('Signed in by a code sent to your phone').waitFor()
    await logLine(page, 'identity_verified').waitFor()
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-home-code`)
  })
})
