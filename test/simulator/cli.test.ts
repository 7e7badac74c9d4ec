import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { startSimulator } from '../../src/simulator/index.js'
import { AppServer, at, checkUrl, walk } from '../support/simulator/simulator.js'

const cli = fileURLToPath(new URL('../../src/simulator/cli.ts', import.meta.url))
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', cli, ...args], {
    env: { ...process.env, NODE_ENV: 'test', ...env },
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(output)
        if (found !== null) resolve(found[0])
      }
      child.stdout.on('data', look)
      child.on('exit', () => reject(new Error(output)))
      look()
    })
  return { child, exit, said, output: () => output }
}

it.each(['SIGINT', 'SIGTERM'] as const)('serves until %s', async (signal) => {
  const command = run(['simulator', '--port', '0'])
  const url = await command.said(/http:\/\/127\.0\.0\.1:\d+(?= \()/)
  expect((await fetch(`${url}/public/coverage/v0.1/device_ip`)).status).toBe(200)
  await command.said(/GET \/public\/coverage\/v0\.1\/device_ip 200/)
  command.child.kill(signal)
  expect(await command.exit).toBe(0)
})

it.each([
  ['the phone of the number, without --sandbox', [], true, /taken for the virtual phone of the check's number/],
  [
    'the last digits of the number, with --sandbox',
    ['--sandbox'],
    false,
    /Sandbox: the last digits of the number decide/,
  ],
])('says that %s decide, and does so', async (_, flags, match, banner) => {
  const command = run(['simulator', '--port', '0', ...flags])
  const url = await command.said(/http:\/\/127\.0\.0\.1:\d+(?= \()/)
  await command.said(banner)
  const app = new AppServer({ url })
  await app.authorize()
  const created = await app.create('+12025550101')
  const end = await walk(app, checkUrl(created))
  expect((await app.patch(at(created.body, 'check_id'), at(end, 'code'))).body['match']).toBe(match)
})

it('tells of SMS and callbacks, and how to reach them', async () => {
  const command = run(['simulator', '--port', '0'])
  const url = await command.said(/http:\/\/127\.0\.0\.1:\d+(?= \()/)
  await command.said(/\/_simulator\/phones\/\+12025550100\/inbox/)
  await fetch(`${url}/fraud/send-sms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('key:secret')}` },
    body: '{"phone_number":"+12025550100"}',
  })
  await command.said(/sms to \+\*{7}0100: delivered/)
  const help = run(['--help'])
  expect(await help.exit).toBe(0)
  expect(help.output()).toMatch(/MOCheck, callbacks.*iDenfy.*\/_simulator/)
})

it('hands out --public-url, and is controlled on this machine', async () => {
  const command = run(['simulator', '--port', '0', '--public-url', 'https://sim.example.com'])
  const url = await command.said(/http:\/\/127\.0\.0\.1:\d+(?= \()/)
  await command.said(/Give https:\/\/sim\.example\.com to every provider/)
  const app = new AppServer({ url })
  await app.authorize()
  expect(checkUrl(await app.create())).toMatch(/^https:\/\/sim\.example\.com\//)
  expect((await app.call('GET', '/_simulator/requests')).status).toBe(200)
})

it.each([
  ['an unknown flag', ['simulator', '--prot', '1'], /--prot/],
  ['an unknown command', ['simulate'], /Unknown command: simulate/],
  ['an unknown option', ['simulator', '--prot', '0'], /^Unknown option --prot; the options are --port,/],
  ['--version', ['--version'], /^The simulator has the version of its package: npm ls passport-phonecheck/],
  ['no command', [], /Unknown command/],
  ['a port that is none', ['simulator', '--port', '70000'], /--port must be/],
  ['a host that others reach', ['simulator', '--port', '0', '--host', '0.0.0.0'], /add expose \(--expose\)/],
  ['a public URL that is none', ['simulator', '--port', '0', '--public-url', 'sim'], /publicUrl must be an origin/],
  ['a brand that is none', ['simulator', '--brand', 'acme'], /--brand must be/],
])('refuses %s', async (_, args, complaint) => {
  const command = run(args)
  expect(await command.exit).toBe(1)
  expect(command.output()).toMatch(complaint)
  expect(command.output()).not.toMatch(/\n\s+at /)
})

it('refuses production and a busy port', async () => {
  const production = run(['simulator', '--port', '0'], { NODE_ENV: 'production' })
  expect(await production.exit).toBe(1)
  expect(production.output()).toMatch(/NODE_ENV=production/)
  const sim = await startSimulator()
  const busy = run(['simulator', '--port', new URL(sim.url).port])
  expect(await busy.exit).toBe(1)
  expect(busy.output()).toMatch(/port is in use/)
  await sim.close()
})
