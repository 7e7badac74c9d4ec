import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { axeFindings } from '../support/examples/axe.js'
import { hasChromium, picture } from '../support/examples/chromium.js'
import { codeField } from '../support/examples/demo-ladder.js'
import { browserButton, chip, demoVisits, expectNoSidewaysScroll, logLine } from '../support/examples/demo-visit.js'

const views = [
  ['1280', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['390', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
] as const

describe.skipIf(!hasChromium())('the ladders of other vendors in a browser', () => {
  const { arrive, remote } = demoVisits()

  const vendor = (page: Page, name: string) =>
    page.getByRole('group', { name: 'Vendors' }).getByRole('button', { name, exact: true })

  async function choose(page: Page, name: string): Promise<void> {
    await vendor(page, name).click()
    await page.locator('[aria-pressed="true"]', { hasText: name }).waitFor()
    await logLine(page, `The app now signs in through ${name}`).waitFor()
  }

  /** Types the code that the phone shows. */
  async function typeCode(page: Page): Promise<void> {
    await codeField(page).waitFor()
    const text = await page.locator('.bubble.in').last().innerText()
    await codeField(page).pressSequentially(/\b\d{6}\b/.exec(text)?.[0] ?? '')
  }

  test('a newcomer has the one of IDlayr, with all scenarios', async () => {
    const { page } = await arrive()
    await page.locator('[aria-pressed="true"]', { hasText: 'IDlayr' }).waitFor()
    expect(await page.getByRole('group', { name: 'Scenarios' }).getByRole('button').count()).toBe(7)
  })

  test.each(views)(
    'each signs in silently or by its code, and axe-core finds nothing (%s pixels)',
    async (width, options) => {
      const { page } = await arrive({ ...options, reducedMotion: 'reduce' })
      for (const name of ['Vonage', 'CAMARA', 'Firebase PNV', 'Twilio', 'Own SMS', 'IDlayr']) {
        await choose(page, name)
        await expectNoSidewaysScroll(page)
        await picture(page, `vendors-${width}-${name}`)
        expect(await axeFindings(page), name).toEqual([])
        if (['Vonage', 'CAMARA', 'Firebase PNV', 'IDlayr'].includes(name)) {
          await chip(page, 'Silent success').click()
          await page.getByText('Signed in by your SIM, silently').waitFor()
        }
        if (name === 'IDlayr') continue
        await chip(page, 'Code by SMS').click()
        await typeCode(page)
        await page.getByText('Signed in by a code sent to your phone').waitFor()
        expect(await axeFindings(page), name).toEqual([])
      }
    },
  )

  test.each(['Vonage', 'CAMARA'])('%s: another SIM and a phone on Wi-Fi are told so', async (name) => {
    const { page } = await arrive()
    await choose(page, name)
    await chip(page, 'Wrong SIM').click()
    await page.locator('#status strong').waitFor()
    expect(await page.getByText('Signed in by').count()).toBe(0)
    await choose(page, name)
    await chip(page, 'Wi-Fi only').click()
    await typeCode(page)
    await page.getByText('Signed in by a code sent to your phone').waitFor()
    await choose(page, 'IDlayr')
  })

  describe('an Android phone with Firebase PNV', () => {
    const cannot = 'This phone cannot confirm its number by itself'

    test.each(views)('is drawn as it confirms, cannot, or has another SIM (%s pixels)', async (width, options) => {
      const { page } = await arrive({ ...options, reducedMotion: 'reduce' })
      await choose(page, 'Firebase PNV')
      const seen = async (what: string) => {
        await expectNoSidewaysScroll(page)
        await picture(page, `pnv-${width}-${what}`)
        expect(await axeFindings(page), what).toEqual([])
      }
      await chip(page, 'Wi-Fi only').click()
      await page.getByText('Signed in by your SIM, silently').waitFor()
      await page.getByText('Token signed by Google').waitFor()
      await logLine(page, 'get token').locator('.answer.good', { hasText: 'signed' }).waitFor()
      await seen('signed-in')
      await chip(page, 'Wrong SIM').click()
      await page.getByText('This phone has a different number').waitFor()
      await page.getByRole('button', { name: 'Send me a code instead' }).waitFor()
      await seen('wrong-sim')
      await choose(page, 'Firebase PNV')
      await chip(page, 'Unsupported operator').click()
      await page.getByText(cannot).waitFor()
      await codeField(page).waitFor()
      await seen('unsupported')
      await typeCode(page)
      await page.getByText('Signed in by a code sent to your phone').waitFor()
      await choose(page, 'IDlayr')
    })

    test('a browser, which has no such token, goes on with a code', async () => {
      const { page } = await arrive({}, '+12025550174')
      await choose(page, 'Firebase PNV')
      await page.getByLabel('Mobile number').fill('+12025550174')
      await browserButton(page).click()
      await page.getByText(cannot).waitFor()
      await typeCode(page)
      await page.getByText('Signed in by a code sent to your phone').waitFor()
      expect(await logLine(page, 'get token').count()).toBe(0)
      await choose(page, 'IDlayr')
    })
  })

  describe('Vonage brings the result of a redirect behind the #:', () => {
    async function atVonage(sim: string) {
      const { page } = await arrive({}, sim)
      await choose(page, 'Vonage')
      await remote('PATCH', '/demo/phone', { sim, mobileData: true, supported: true })
      await page.getByLabel('Mobile number').fill(sim)
      return page
    }

    test('the browser carries it over the return route, and the page signs in and forgets it', async () => {
      const page = await atVonage('+12025550171')
      await browserButton(page).click()
      await page.getByText('Signed in by your SIM, silently').waitFor()
      await logLine(page, /GET \/login\/phone\/return.*303/)
        .first()
        .waitFor()
      await logLine(page, /POST \/login\/phone\/verify.*200/)
        .first()
        .waitFor()
      expect(new URL(page.url()).hash).toBe('')
    })

    test('an error of the operator is said, and the next way offered', async () => {
      const page = await atVonage('+12025550172')
      await remote('PATCH', '/demo/phone', { sim: '+12025550142' })
      await browserButton(page).click()
      await codeField(page).waitFor()
      expect([new URL(page.url()).hash, new URL(page.url()).search]).toEqual(['', ''])
    })

    test('a link of somebody else with a code of theirs signs nobody in', async () => {
      const page = await atVonage('+12025550173')
      const url = new URL(
        '/login?phonecheck=returned#request_id=c11236f4-00bf-4b89-84ba-88b25df97315&code=aaaaaa',
        page.url(),
      )
      await page.goto(url.href)
      await page.locator('#status strong').waitFor()
      expect(await page.getByText('Signed in by').count()).toBe(0)
      expect(new URL(page.url()).hash).toBe('')
      await choose(page, 'IDlayr')
    })
  })
})
