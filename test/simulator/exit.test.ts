import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { number } from '../support/simulator/simulator.js'

const file = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../src/simulator/${name}.ts`, import.meta.url)))

/** Runs a module to the end of its process, which nobody kills. */
async function run(script: string): Promise<{ exit: unknown; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env: { ...process.env, NODE_ENV: 'test' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const exit = await new Promise((resolve) => child.on('close', resolve))
  return { exit, output }
}

it('a process ends by itself once its simulator is closed, whatever was pending', async () => {
  const { exit, output } = await run(`
import { startSimulator } from ${file('index')}
const sim = await startSimulator()
const json = { 'content-type': 'application/json' }
const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'mo_check' })
const basic = { authorization: 'Basic ' + btoa('id:secret') }
const { access_token } = await (await fetch(sim.url + '/oauth2/v1/token', { method: 'POST', headers: basic, body: form })).json()
const create = () => fetch(sim.url + '/mo_check/v0.1/checks', {
  method: 'POST', headers: { ...json, authorization: 'Bearer ' + access_token },
  body: JSON.stringify({ phone_number: '${number}', callback_url: 'http://127.0.0.1:1/' }),
}).then((answer) => answer.json())
await create()
const { mo_receiver, mo_body } = await create()
await fetch(sim.url + '/fraud/send-sms', { method: 'POST', headers: { ...json, ...basic }, body: '{"phone_number":"${number}"}' })
await sim.phone('${number}').send(mo_receiver, mo_body)
await sim.settled()
console.log(JSON.stringify(sim.callbacks))
await sim.close()
`)
  expect([exit, output]).toEqual([0, expect.stringContaining('ECONNREFUSED')])
})

it('no delay of the system clock keeps a process alive', async () => {
  expect(
    await run(`
    import { systemClock } from ${file('state/clock')}
    void systemClock.delay(600_000)
  `),
  ).toEqual({ exit: 0, output: '' })
})
