import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { Browser } from '../support/browser.js'
import { codeBlocks, readText } from '../support/markdown.js'
import { runServer } from '../support/newcomer.js'
import { installFlags, isOffline, pack, run } from './apps.js'

const section = /^## Quick start$([\s\S]*?)^## /m.exec(readText('README.md'))?.[1] ?? ''
const [app = ''] = codeBlocks(section, 'js')
const [commands = ''] = codeBlocks(section, 'sh')

beforeEach(async ({ skip }) =>
  skip(!process.env['CI'] && (await isOffline()), 'because the npm registry cannot be reached'),
)

test('the quick start logs in, in an empty folder with the tarball and nothing else that the README does not install', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'phonecheck-quick-start-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const { filename } = await pack(folder)
  const named = / npm install (.*?) #/.exec(commands)?.[1]?.split(' ') ?? []
  expect(named).toContain('passport-phonecheck')
  const packages = named.map((name) => (name === 'passport-phonecheck' ? join(folder, filename) : name))

  const install = async (project: string) => {
    await run('npm', ['init', '--yes'], project)
    await run('npm', ['install', ...installFlags, ...packages], project)
  }
  const server = await runServer(app, {}, { file: 'app.mjs', host: 'localhost', install })
  onTestFinished(() => server.stop())

  const browser = new Browser(server.url)
  expect(await (await browser.request('/')).text()).toContain('<h1>Sign in</h1>')
  // The page gets its half of the package from the tarball too.
  expect(await (await browser.request('/phonecheck/index.js')).text()).toContain('phoneLogin')

  const started = await browser.post('/login/phone', { phone_number: '+12025550100' })
  expect(started.status).toBe(201)
  // To the operator, which takes an ordinary browser for the virtual phone, until it sends the browser back.
  let { url } = (await started.json()).challenge
  const elsewhere = new Browser(url)
  while (!url.startsWith(`${server.url}/`)) {
    const answer = await elsewhere.request(url)
    expect([answer.status, await answer.text()]).toEqual([302, expect.anything()])
    url = new URL(answer.headers.get('location') ?? '', url).href
  }
  const returned = await browser.navigate(url)
  expect([returned.status, returned.headers.get('location')]).toEqual([302, '/'])
  expect(await (await browser.request('/')).text()).toContain('<h1>Signed in</h1>')
  // What is set up wrong would be a warning.
  expect(server.said()).not.toContain('Warning')
})
