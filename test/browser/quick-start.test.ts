import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { axeFindings } from '../support/examples/axe.js'
import { hasChromium, launchChromium } from '../support/examples/chromium.js'
import { codeBlocks, readText } from '../support/markdown.js'
import { needs } from '../support/needs.js'
import { type Newcomer, runServer, runToEnd } from '../support/newcomer.js'

const section = /^## Quick start$([\s\S]*?)^## /m.exec(readText('README.md'))?.[1] ?? ''
const [app = ''] = codeBlocks(section, 'js')

test('the quick start is one file, with nothing left to fill in', () => {
  expect(app).toContain('.listen(')
  expect(app).toContain('<form>')
  expect(app).not.toMatch(/process\.env\.\w+\b(?! \?\?)/)
})

test('the commands above it install what it imports', () => {
  const [install = ''] = codeBlocks(section, 'sh')
  const imported = [...app.matchAll(/^import .* from '([^':]+)'$/gm)].map(([, name = '']) =>
    name.replace(/^(passport-phonecheck)\/.*/, '$1'),
  )
  const installed = / install (.*?) #/.exec(install)?.[1]?.split(' ')
  expect(installed?.toSorted()).toEqual([...new Set(imported)].toSorted())
  expect(install).toContain('node app.mjs')
})

test('on a port that is taken it ends and says so, and does not ask to be opened', async () => {
  const neighbour = createServer().listen(0, 'localhost')
  onTestFinished(() => void neighbour.close())
  await once(neighbour, 'listening')
  const { status, said } = await runToEnd(app, { PORT: String((neighbour.address() as AddressInfo).port) })
  expect(said).toContain('EADDRINUSE')
  expect(said).not.toContain('Open http')
  expect(status).toBe(1)
})

test.skipIf(!(await needs.shell.isMet()))('the commands of a login by hand sign in', async () => {
  const server = await runServer(app, {}, { file: 'app.mjs', host: 'localhost' })
  const folder = mkdtempSync(`${tmpdir()}/by-hand-`)
  onTestFinished(async () => {
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  const commands =
    codeBlocks(readText('docs/guides/web-page.md'), 'sh').find((block) => block.includes('/login/phone')) ?? ''
  expect(commands).toContain('http://localhost:3000')
  const { stdout } = await promisify(execFile)('sh', ['-c', commands.replace('http://localhost:3000', server.url)], {
    cwd: folder,
  })
  expect(stdout).toContain('<h1>Signed in</h1>')
})

describe.skipIf(!hasChromium())('the quick start, pasted into a file, run with node and opened in Chromium', () => {
  let browser: Browser
  let server: Newcomer
  let page: Page
  const errors: Error[] = []
  beforeAll(async () => {
    server = await runServer(app, {}, { file: 'app.mjs', host: 'localhost' })
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(error))
    await page.goto(server.url)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  const signIn = async (number?: string) => {
    if (number !== undefined) await page.getByLabel('Mobile number').fill(number)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const says = (text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor()
  /** The command that the README gives, on the address that the server has printed. */
  const changePhone = (change: object) =>
    fetch(/(http\S+\/_simulator\/phones\/\S+)/.exec(server.said())?.[1] ?? '', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(change),
    })

  test('says which address to open', () => {
    expect(server.said()).toContain(`Open ${server.url}.`)
  })

  test('a text that is no number is answered in words', async () => {
    await signIn('12345')
    await says('This is not a mobile number. Type it with its country code')
    expect(await axeFindings(page)).toEqual([])
  })

  test('the number of the phone signs in, and out again', async () => {
    await signIn('+12025550100')
    await page.getByRole('heading', { name: 'Signed in' }).waitFor()
    expect(await axeFindings(page)).toEqual([])
    const refused: string[] = []
    page.on('response', (response) => response.status() === 401 && refused.push(response.url()))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    // By then the page has asked for what it would ask.
    await page.waitForLoadState('networkidle')
    expect(refused).toEqual([])
  })

  test('with another SIM the page says why, from the address that the operator sends it back to', async () => {
    await changePhone({ sim: '+12025550199' })
    await signIn()
    await says('The SIM in this phone has another number.')
    expect(page.url()).toBe(`${server.url}/`)
  })

  test('without mobile data the user ends at the vendor, goes back and is told what to do', async () => {
    await changePhone({ sim: '+12025550100', mobileData: false })
    await signIn()
    await page.waitForURL(/_simulator|phone_check/)
    await page.goBack()
    await says('Switch mobile data on and Wi-Fi off, then try again.')
    await changePhone({ mobileData: true })
    await signIn()
    await page.getByRole('heading', { name: 'Signed in' }).waitFor()
  })
  test('none of it was an error in the page', () => {
    expect(errors).toEqual([])
  })
})
