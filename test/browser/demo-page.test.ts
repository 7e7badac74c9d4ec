import { describe, expect, test } from 'vitest'
import { hasChromium, picture } from '../support/examples/chromium.js'
import { chip, demoVisits, expectNoSidewaysScroll, logLine, tabTo } from '../support/examples/demo-visit.js'

const greeting = 'Signed in as +1 ••• ••• ••00'

describe.skipIf(!hasChromium())('the page of the demo', () => {
  const visits = demoVisits()
  const { arrive } = visits

  test('with the keyboard alone, from the first Tab to the sign-out', async () => {
    const { page } = await arrive()
    await tabTo(page, '#number')
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.type('+1 (202) 555-0100')
    await tabTo(page, 'button[value="device"]')
    await page.keyboard.press('Enter')
    await page.getByText(greeting).waitFor()
    await tabTo(page, '#logout button')
    await page.keyboard.press('Space')
    await page.getByRole('heading', { name: 'Sign in to Acme' }).waitFor()
  })

  test('a number that is none: the field says so and has the focus', async () => {
    const { page } = await arrive()
    await page.getByLabel('Mobile number').fill('12')
    await page.getByLabel('Mobile number').press('Enter')
    await page.getByText('Check the number').waitFor()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('number')
    expect(await page.getByLabel('Mobile number').getAttribute('aria-invalid')).toBe('true')
  })

  test('two minutes that pass on the shared clock end a check that was begun before', async () => {
    const { page } = await arrive()
    await page.route('**/login/phone/verify', async (route) => {
      await page.getByRole('button', { name: 'Let 2 minutes pass' }).click()
      await logLine(page, '120 seconds pass.').waitFor()
      await route.continue()
    })
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByText('That took too long').waitFor()
  })

  test('nothing secret reaches the log', async () => {
    const { page } = await arrive()
    const secrets = new Set<string>()
    page.on('request', (request) => {
      if (!request.url().endsWith('/verify')) return
      const { flow, code } = request.postDataJSON()
      secrets.add(flow).add(code)
    })
    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
    await logLine(page, 'identity_verified').waitFor()
    const log = await page.locator('#log-steps').textContent()
    expect(secrets.size).toBe(2)
    for (const secret of [...secrets, '2025550100']) expect(log).not.toContain(secret)
  })

  test.each([
    ['mobile-light', 'light'],
    ['mobile-dark', 'dark'],
  ] as const)('360 pixels wide: nothing sticks out (%s)', async (name, colorScheme) => {
    const { page } = await arrive({ viewport: { width: 360, height: 740 }, colorScheme, reducedMotion: 'reduce' })
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-login`)
    await chip(page, 'Wrong SIM').click()
    await page.getByText('This phone has a different number').waitFor()
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-wrong-sim`)
    await chip(page, 'Silent success').click()
    await page.getByText(greeting).waitFor()
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-home`)
  })

  test('dark, tablet and wide, for people to look at', async () => {
    const { page } = await arrive({ colorScheme: 'dark' })
    await picture(page, 'desktop-dark-login')
    await chip(page, 'Expired').click()
    await page.getByText('That took too long').waitFor()
    await picture(page, 'desktop-dark-expired')
    for (const width of [768, 1920]) {
      await page.setViewportSize({ width, height: 900 })
      await expectNoSidewaysScroll(page)
      await picture(page, `dark-${width}`)
    }
  })
})
