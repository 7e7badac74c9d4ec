import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Demo, runDemo, startDemo, stopDemo } from '../support/examples/demo-process.js'
import { readText } from '../support/markdown.js'

let demo: Demo

beforeAll(async () => {
  demo = await startDemo()
})
afterAll(() => stopDemo(demo))

test('prints one line, with the address', () => {
  expect(demo.output.stdout.trim().split('\n')).toHaveLength(1)
  expect(demo.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(demo.output.stderr).toBe('')
})

test('npm start says that it builds, which takes its time in a new clone', () => {
  const { prestart }: { prestart: string } = JSON.parse(readText('package.json')).scripts
  expect(prestart).toMatch(/^echo Building\.\.\. && /)
})

test('a port in use: one line that says what to do', async () => {
  const second = runDemo({ PORT: new URL(demo.url).port })
  expect(await second.ended).toBe(1)
  expect(second.output.stderr).toMatch(/^Port \d+ is in use\. Choose another one: PORT=\d+ npm start\n$/)
  expect(second.output.stdout).toBe('')
})

test('refuses to run in production', async () => {
  const run = runDemo({ NODE_ENV: 'production' })
  expect(await run.ended).toBe(1)
  expect(run.output.stderr).toMatch(/^The demo .*NODE_ENV=production\.\n$/)
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it cleanly, with a page still listening', async (signal) => {
  const run = await startDemo()
  const events = await fetch(`${run.url}/demo/events`)
  run.kill(signal)
  expect(await run.ended).toBe(0)
  await events.body?.cancel().catch(() => {})
})

test('answers as 127.0.0.1 alone: localhost is sent there, other names are refused', async () => {
  const { port } = new URL(demo.url)
  const local = await get(demo.url, '/login?a=b', { host: `localhost:${port}` })
  expect(local).toMatchObject({ status: 307, location: `${demo.url}/login?a=b` })
  expect(await get(demo.url, '/login', { host: `evil.example:${port}` })).toMatchObject({ status: 421 })
})

test('the remote control obeys no other site', async () => {
  expect(await get(demo.url, '/demo/events', { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 })
  expect(await get(demo.url, '/demo/events', { 'sec-fetch-site': 'same-site' })).toMatchObject({ status: 403 })
})

test('is reached over loopback only', async () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)
  if (!outside) return
  const outcome = await new Promise((resolve) => {
    const socket = connect({ host: outside.address, port: Number(new URL(demo.url).port) })
    socket.once('connect', () => resolve('connected'))
    socket.once('error', () => resolve('refused'))
    socket.once('close', () => socket.destroy())
  })
  expect(outcome).toBe('refused')
})

/** fetch() sets Host by itself. */
function get(
  origin: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status?: number; location?: string }> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, origin), { headers }, (response) => {
      resolve({
        ...(response.statusCode !== undefined && { status: response.statusCode }),
        ...(response.headers.location !== undefined && { location: response.headers.location }),
      })
      response.destroy()
    })
    call.on('error', reject)
    call.end()
  })
}
