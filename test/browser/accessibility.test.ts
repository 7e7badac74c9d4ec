import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { axeFindings } from '../support/examples/axe.js'
import { hasChromium, picture } from '../support/examples/chromium.js'
import { codeField, ladderVisits, readyButton, textLink, wrong } from '../support/examples/demo-ladder.js'
import { chip, demoVisits, logLine } from '../support/examples/demo-visit.js'

const views = [
  ['1280 pixels, light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['1280 pixels, dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ['390 pixels, light', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
  ['390 pixels, dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
] as const

describe.skipIf(!hasChromium())('axe-core finds nothing in the demo', () => {
  const visits = demoVisits()
  const { arrive, remote } = visits
  const { atTheText } = ladderVisits(visits)

  async function expectNothing(page: Page, name: string): Promise<void> {
    await picture(page, `axe-${page.viewportSize()?.width}-${name}`)
    expect(await axeFindings(page), name).toEqual([])
  }

  test.each(views)('before, after and without a login (%s)', async (_, options) => {
    const { page } = await arrive({ ...options, reducedMotion: 'reduce' })
    await expectNothing(page, 'login')
    await chip(page, 'Wrong SIM').click()
    await page.getByText('This phone has a different number').waitFor()
    await expectNothing(page, 'refused')
    await chip(page, 'Expired').click()
    await page.getByText('That took too long').waitFor()
    await expectNothing(page, 'expired')
    await chip(page, 'Silent success').click()
    await page.getByText('Signed in by your SIM').waitFor()
    await logLine(page, 'identity_verified').waitFor()
    await expectNothing(page, 'home')
  })

  test.each(views)('on the way over a text to a code (%s)', async (_, options) => {
    const { page, number } = await atTheText({ ...options, reducedMotion: 'reduce' })
    await expectNothing(page, 'text')
    await remote('PATCH', '/demo/phone', { sim: '+12025550188' })
    await textLink(page).click()
    await page.getByText('That text came from another number').waitFor()
    await page.locator('.bubble.out').waitFor()
    await expectNothing(page, 'text-lost')
    await remote('PATCH', '/demo/phone', { sim: number })
    await readyButton(page, 'Send me a code instead').click()
    await codeField(page).waitFor()
    await expectNothing(page, 'code')
    await codeField(page).pressSequentially(wrong(''))
    await page.locator('#status').getByText('left').waitFor()
    await expectNothing(page, 'wrong-code')
  })
})
