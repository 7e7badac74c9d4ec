import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runExample } from '../support/examples/demo-process.js'
import { needs } from '../support/needs.js'

const readme = readFileSync(new URL('../../examples/jwt-api/README.md', import.meta.url), 'utf8')

/** Runs what a reader types, block after block in one shell, and tells the blocks' output apart. */
function typeReadme(environment: string): string[] {
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1])
  const script = ['set -eu', environment, ...blocks.flatMap((block) => [block, 'echo "=== end of block"'])].join('\n')
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('=== end of block\n')
}

describe.skipIf(!(await needs.shell.isMet()))(
  'examples/jwt-api, with curl as its README says (needs sh, curl and sed)',
  () => {
    const run = runExample('jwt-api/simulated.ts', { SIM_PORT: '0' })
    let output: string[] = []

    beforeAll(async () => {
      const address = await Promise.race([run.address, run.ended])
      if (typeof address !== 'string') throw new Error(`The example did not start: ${run.output.stderr}`)
      expect(run.output.stdout).toMatch(/^export API=http:\/\/127\.0\.0\.1:\d+ SIM=http:\/\/127\.0\.0\.1:\d+\n$/)
      output = typeReadme(run.output.stdout)
    })
    afterAll(async () => {
      run.kill('SIGTERM')
      await run.ended
    })

    const said = (block: number) => (output[block] ?? '').trim()
    const lines = (block: number) => said(block).split('\n')

    test('a silent login ends in tokens', () => {
      expect(JSON.parse(said(1))).toMatchObject({ method: 'phonecheck', challenge: { type: 'open_url' } })
      expect(JSON.parse(said(2))).toMatchObject({ status: 200, body: { code: expect.any(String) } })
      expect(JSON.parse(said(3))).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 600,
        refresh_token: expect.any(String),
        device: expect.any(String),
      })
    })

    test('the access token opens the guarded route, and nothing else does', () => {
      expect(JSON.parse(lines(4)[0] ?? '')).toMatchObject({ phone: '+1********00', proven: 'high', by: ['phonecheck'] })
      expect(said(4).match(/HTTP\/1\.1 401/g)).toHaveLength(2)
      expect(said(4).match(/WWW-Authenticate: Bearer realm=/g)).toHaveLength(2)
      expect(said(4).match(/error="invalid_token"/g)).toHaveLength(1)
    })

    test('refresh gives new tokens; using the old one again ends the login', () => {
      expect(JSON.parse(said(5))).toMatchObject({ token_type: 'Bearer', refresh_token: expect.any(String) })
      expect(lines(6).map((line) => JSON.parse(line).code)).toEqual(['token_invalid', 'token_invalid', 'token_invalid'])
    })

    test('without mobile data the phone sends a text instead, which is weaker', () => {
      const [unable, step] = lines(7).map((line) => JSON.parse(line))
      expect(unable).toMatchObject({ code: 'rung_unable', reason: 'sdk_no_data_connectivity' })
      expect(step).toMatchObject({ method: 'mocheck', challenge: { type: 'send_sms' } })
      const [sent, status, me] = lines(8).map((line) => JSON.parse(line))
      expect([sent.result, status.state, me.proven]).toEqual(['delivered', 'verified', 'medium'])
      expect(JSON.parse(said(9))).toMatchObject({
        code: 'step_up_required',
        required: { assurance: 'high', max_age: 600 },
      })
    })

    test('logout ends the access token at once', () => {
      expect(lines(10)).toEqual(['204', '401'])
    })

    test('nothing comes of what its last section tries', () => {
      const codes = said(12).match(/"code":"[a-z_]+"/g)
      expect(codes).toEqual([
        '"code":"invalid_request"',
        '"code":"flow_invalid"',
        '"code":"flow_invalid"',
        '"code":"cross_site"',
      ])
      const [tokens, replay] = lines(13).map((line) => JSON.parse(line))
      expect(tokens).toMatchObject({ token_type: 'Bearer' })
      expect(replay.code).toBe('flow_invalid')
    })

    test('every route in the table of the README is there', async () => {
      const app = readFileSync(new URL('../../examples/jwt-api/app.ts', import.meta.url), 'utf8')
      for (const route of [
        '/login/phone',
        '/login/phone/verify',
        '/token/refresh',
        '/token/logout',
        '/me',
        '/me/logout-everywhere',
      ]) {
        expect(app).toContain(`'${route}'`)
        expect(readme).toContain(`${route}\``)
      }
    })
  },
)

test('the server of the example says what it needs, all at once', async () => {
  const run = runExample('jwt-api/server.ts', { PHONECHECK_CLIENT_ID: 'set' })
  expect(await run.ended).toBe(1)
  const names = run.output.stderr
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0])
  expect(names).toEqual(['PHONECHECK_CLIENT_SECRET', 'PHONECHECK_SECRET', 'JWT_KEY_FILE', 'JWT_KEY_ID', 'ORIGIN'])
})
