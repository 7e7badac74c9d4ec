import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeBlocks, readText } from '../support/markdown.js'
import { needs } from '../support/needs.js'
import { type Newcomer, runServer } from '../support/newcomer.js'

const section = /^## A whole API$([\s\S]*?)^## /m.exec(readText('docs/guides/tokens.md'))?.[1] ?? ''
const [api = ''] = codeBlocks(section, 'ts')
const [setUp = '', walk = ''] = codeBlocks(section, 'sh')
const number = '+12025550100'
const hasShell = await needs.shell.isMet()

test('an API with SIM login and a guarded route is one block of under 40 lines, with nothing left to fill in', () => {
  expect(api.trimEnd().split('\n').length).toBeLessThan(40)
  expect(api).toContain('.listen(')
  expect(api).not.toMatch(/\bdeclare\b|…/)
})

describe('the API of docs/guides/tokens.md, pasted into a file and run', () => {
  let sim: Simulator
  let server: Newcomer
  beforeAll(async () => {
    sim = await startSimulator({ port: 0 })
    server = await runServer(api, { ...settings(), PHONECHECK_URL: sim.url })
  })
  afterAll(async () => {
    await server?.stop()
    await sim?.close()
  })

  const me = (token?: string) =>
    fetch(`${server.url}/me`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  const post = (path: string, body: object) =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  /** A login up to the point where the phone, with this SIM in it, brings its code back. */
  async function login(simCard: string): Promise<Response> {
    const { flow, challenge } = await (await post('/login/phone', { phone_number: number })).json()
    const handset = sim.phone(number)
    handset.sim = simCard
    const opened = await handset.open(challenge.url)
    if (!('body' in opened)) throw new Error(opened.error)
    return post('/login/phone/verify', { flow, ...(opened.body as object) })
  }

  test('a phone with the SIM of the number gets a token that opens the guarded route', async () => {
    const verify = await login(number)
    expect(verify.status).toBe(200)
    const { access_token: token } = await verify.json()
    const answer = await me(token)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  })

  test('a phone with another SIM gets 401 and no token', async () => {
    const verify = await login('+12025550199')
    expect(verify.status).toBe(401)
    expect(await verify.json()).toMatchObject({ code: 'mismatch' })
    sim.phone(number).sim = number
  })

  test('the guarded route is 401 without a token and with a wrong one', async () => {
    expect((await me()).status).toBe(401)
    expect((await me('x')).status).toBe(401)
  })

  test.skipIf(!hasShell)('the commands beside it log in as they stand (needs sh, curl and sed)', async () => {
    const [addresses = '', ...rest] = walk.split('\n')
    expect(addresses).toBe('API=http://127.0.0.1:3000 SIM=http://127.0.0.1:4010')
    const child = spawn('sh', ['-euc', rest.join('\n')], { env: { ...process.env, API: server.url, SIM: sim.url } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk
      })
    }
    expect(await once(child, 'close')).toEqual([0, null])
    expect(JSON.parse(said)).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  })
})

/** The names that the guide sets in the shell, with values of the kind that it gives them. */
function settings(): Record<string, string> {
  const names = [...setUp.matchAll(/\b([A-Z][A-Z_]+)=/g)].map((match) => match[1] ?? '')
  expect(names.sort()).toEqual([
    'JWT_SECRET',
    'PHONECHECK_CLIENT_ID',
    'PHONECHECK_CLIENT_SECRET',
    'PHONECHECK_SECRET',
    'PHONECHECK_URL',
  ])
  return Object.fromEntries(names.map((name) => [name, `${name} of at least 32 bytes, for a test`]))
}
