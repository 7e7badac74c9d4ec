import { phoneCheck } from 'passport-phonecheck'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { type SimulatorOptions, startSimulator } from '../../src/simulator/index.js'
import { callContext, startInput } from '../support/rung.js'
import { AppServer, at, checkUrl, number } from '../support/simulator/simulator.js'

afterEach(() => vi.unstubAllEnvs())

const publicUrl = 'https://sim.example.com'

async function start(options: SimulatorOptions) {
  const sim = await startSimulator(options)
  onTestFinished(() => sim.close())
  const app = new AppServer(sim)
  await app.authorize()
  return { sim, app }
}

it('hands out URLs of publicUrl, and a virtual phone opens them without leaving this machine', async () => {
  const { sim, app } = await start({ publicUrl: `${publicUrl}/` })
  expect(sim.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const created = await app.create(number)
  expect(checkUrl(created)).toMatch(/^https:\/\/sim\.example\.com\//)
  expect(at(created.body, '_links', 'self', 'href')).toMatch(/^https:\/\/sim\.example\.com\//)

  const opened = await sim.phone(number).open(checkUrl(created))
  expect(opened).toMatchObject({ status: 200, body: { check_id: at(created.body, 'check_id') } })
  const code = at('body' in opened ? opened.body : undefined, 'code')
  expect((await app.patch(at(created.body, 'check_id'), code)).body).toMatchObject({ match: true })
  expect(sim.phone(number).seen.every(({ url }) => url?.startsWith(publicUrl))).toBe(true)
})

it('another phone that opens such a URL is known for itself, by its public and its local name', async () => {
  const { sim, app } = await start({ publicUrl })
  const stranger = sim.phone('+12025550199')
  const created = await app.create(number)
  const opened = await stranger.open(checkUrl(created))
  const code = at('body' in opened ? opened.body : undefined, 'code')
  expect((await app.patch(at(created.body, 'check_id'), code)).body).toMatchObject({ match: false })
  for (const origin of [publicUrl, sim.url])
    expect(await stranger.open(`${origin}/public/coverage/v0.1/device_ip`)).toMatchObject({
      body: { _links: { self: { href: expect.stringMatching(`^${publicUrl}/.*/${stranger.ip}$`) } } },
    })
  expect(await stranger.open('https://sim.example.org/')).toMatchObject({ error: 'sdk_connection_error' })
})

it('phoneCheck logs in by the public name, which a tunnel leads here', async () => {
  const { sim } = await start({ publicUrl })
  const tunnel = (url: string, init: RequestInit) => fetch(url.replace(publicUrl, sim.url), init)
  const rung = phoneCheck({ baseUrl: publicUrl, clientId: 'app', clientSecret: 's3cret', fetch: tunnel })
  onTestFinished(() => rung.close?.())
  const started = await rung.start(startInput(), callContext())
  if (!('challenge' in started) || started.challenge.type !== 'open_url') throw new Error(JSON.stringify(started))
  expect(started.challenge.url).toContain(publicUrl)
  const opened = await sim.phone(number).open(started.challenge.url)
  const code = at('body' in opened ? opened.body : undefined, 'code')
  expect(await rung.redeem?.(started.check, code, callContext())).toMatchObject({ outcome: 'verified' })
})

it('a phone on Wi-Fi browses such a URL, and fails there', async () => {
  const { sim, app } = await start({ publicUrl })
  const created = await app.create(number)
  sim.phone(number).mobileData = false
  expect(await sim.phone(number).browse(checkUrl(created))).toMatchObject({ status: 412 })
})

it.each(['sim.example.com', 'ftp://sim.example.com', `${publicUrl}/path`, 'https://user@sim.example.com', ''])(
  'refuses the publicUrl %j',
  async (publicUrl) => {
    await expect(startSimulator({ publicUrl })).rejects.toThrow(/^publicUrl must be an origin such as/)
  },
)

it.each(['0.0.0.0', '::', '192.0.2.1', 'sim.example.com', '127.evil.example'])(
  'refuses host %s without expose',
  async (host) => {
    await expect(startSimulator({ host })).rejects.toThrow(/anyone be anyone.*add expose \(--expose\)/)
  },
)

it.each(['', 'a b', '127.0.0.1/', '127.0.0.1:80'])('refuses the host %j, which is none', async (host) => {
  await expect(startSimulator({ host, expose: true })).rejects.toThrow(/^host must be an address/)
})

it.each(['127.0.0.2', 'localhost'])('needs no expose on %s, which is loopback', async (host) => {
  const { sim } = await start({ host })
  expect(new URL(sim.url).hostname).toBe(host)
})

it('with expose it listens on all addresses, but not in production', async () => {
  const options = { host: '0.0.0.0', expose: true }
  vi.stubEnv('NODE_ENV', 'production')
  await expect(startSimulator(options)).rejects.toThrow(/NODE_ENV=production/)
  vi.unstubAllEnvs()
  const { sim } = await start(options)
  const other = sim.url.replace('127.0.0.1', '127.0.0.2')
  expect((await fetch(`${other}/public/coverage/v0.1/device_ip`)).status).toBe(200)
  // Its remote control answers to the names of loopback alone.
  const { hostname, port } = new URL(other)
  expect((await fetch(`http://${hostname}:${port}/_simulator/requests`)).status).toBe(403)
})
