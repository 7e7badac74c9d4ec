import { describe, expect, test } from 'vitest'
import { hasChromium, picture } from '../support/examples/chromium.js'
import { codeField, codeInInbox, ladderVisits, readyButton, textLink, wrong } from '../support/examples/demo-ladder.js'
import { demoVisits, logLine, signInButton } from '../support/examples/demo-visit.js'

describe.skipIf(!hasChromium())('what the ladder refuses, in a browser', () => {
  const visits = demoVisits()
  const { remote } = visits
  const { atTheText, atTheCode } = ladderVisits(visits)

  test('the next way too early: the server says so, and the page counts down to its word', async () => {
    const { page } = await atTheText()
    // A page whose clock is fast thinks that the time has come.
    await page.evaluate(() => {
      const now = Date.now
      Date.now = () => now() + 30_000
    })
    await readyButton(page, 'Send me a code instead').click()
    await page.locator('#status').getByText('Give it a moment').waitFor()
    await page.getByRole('button', { name: /^Send me a code instead in 0:(20|1\d)$/ }).waitFor()
    await logLine(page, /POST \/login\/phone\/fallback.*409/).waitFor()
    await logLine(page, /step_refused.*too_early/).waitFor()
    await picture(page, 'desktop-light-too-early')
    await textLink(page).click()
    await page.getByText('Signed in by a text from your phone').waitFor()
  })

  test('another code while one is open: the last one is still good, and the phone rings with it', async () => {
    const { page, code } = await atTheCode()
    const resend = page.getByRole('button', { name: /^Send another code/ })
    expect(await resend.getAttribute('aria-disabled')).toBe('true')
    await page.getByRole('button', { name: 'Let 2 minutes pass' }).click()
    await page.getByText('Incoming call').waitFor()
    await page.locator('.bubble.call').getByText(`Your Acme code is ${code}`).waitFor()
    await logLine(page, /iDenfy → Phonevoice call/).waitFor()
    await page.getByRole('button', { name: /^Send another code in 0:0\d$/ }).waitFor()
    await picture(page, 'desktop-light-voice-call')

    await remote('POST', '/demo/clock', { seconds: 5 })
    await readyButton(page, 'Send another code').click()
    await page.locator('#status').getByText('The last code is still good').waitFor()
    expect(await resend.isVisible()).toBe(false)
    await logLine(page, /POST \/login\/phone\/resend.*403/).waitFor()
    await picture(page, 'desktop-light-resend-refused')

    await codeField(page).pressSequentially(code)
    await page.getByText('Signed in by a code sent to your phone').waitFor()
  })

  test('three wrong codes: this one is void, another one signs in', async () => {
    const { page, code } = await atTheCode()
    for (const words of ['You have 2 tries left', 'You have one try left', 'That was the last try for this code']) {
      await codeField(page).pressSequentially(wrong(code))
      await page.locator('#status').getByText(words).waitFor()
    }
    expect(await codeField(page).isVisible()).toBe(false)
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('resend')
    await picture(page, 'desktop-light-code-void')

    await remote('POST', '/demo/clock', { seconds: 125 })
    await readyButton(page, 'Send another code').click()
    await page.locator('#status').getByText('Another code is on its way').waitFor()
    await picture(page, 'desktop-light-code-resent')
    await codeField(page).pressSequentially(await codeInInbox(page))
    await page.getByText('Signed in by a code sent to your phone').waitFor()
  })

  test('after five minutes the first code is void, and that of the second call signs in', async () => {
    const { page, code } = await atTheCode()
    await remote('POST', '/demo/clock', { seconds: 305 })
    await expect.poll(() => page.locator('.bubble.call').count()).toBe(2)
    const text = await page.locator('.bubble.call').last().innerText()
    await codeField(page).pressSequentially(code)
    await page.locator('#status').getByText('You have 2 tries left').waitFor()
    await codeField(page).pressSequentially(/code is (\d{4})/.exec(text)?.[1] ?? '')
    await page.getByText('Signed in by a code sent to your phone').waitFor()
  })

  test('a text from another SIM: the code is offered at once', async () => {
    const { page, number } = await atTheText()
    await remote('PATCH', '/demo/phone', { sim: '+12025550188' })
    await textLink(page).click()
    await page.locator('#status').getByText('That text came from another number').waitFor()
    expect(await textLink(page).isVisible()).toBe(false)
    await picture(page, 'desktop-light-text-mismatch')
    await remote('PATCH', '/demo/phone', { sim: number })
    await readyButton(page, 'Send me a code instead').click()
    await codeField(page).waitFor()
  })

  test('a text that never comes: the page stops waiting and goes on', async () => {
    const { page } = await atTheText()
    await remote('POST', '/demo/clock', { seconds: 180 })
    await page.locator('#status').getByText('That took too long').waitFor()
    await readyButton(page, 'Send me a code instead').click()
    await codeField(page).waitFor()
  })

  test('a second sign-in while a code is open: none is sent, and the page says what to do', async () => {
    const { page } = await atTheCode()
    await page.getByRole('button', { name: 'Start over' }).click()
    await signInButton(page).click()
    await textLink(page).waitFor()
    await remote('POST', '/demo/clock', { seconds: 20 })
    await readyButton(page, 'Send me a code instead').click()
    await page.locator('#status').getByText('A message is on its way already').waitFor()
    expect(await page.locator('#status').textContent()).toMatch(/try again in \d+ (minutes|seconds)/)
    expect(await signInButton(page).isVisible()).toBe(true)
    await picture(page, 'desktop-light-exhausted')
  })
})
