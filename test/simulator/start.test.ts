import { createServer } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { type Behaviour, startSimulator } from '../../src/simulator/index.js'

afterEach(() => vi.unstubAllEnvs())

it('refuses production', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  await expect(startSimulator()).rejects.toThrow(/NODE_ENV=production/)
})

it('binds 127.0.0.1 alone and takes a free port', async () => {
  const [one, two] = await Promise.all([startSimulator(), startSimulator({ port: 0 })])
  expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(one.url).not.toBe(two.url)
  // Were it bound to all addresses, nobody else could have this one.
  const neighbour = createServer()
  await new Promise<void>((resolve, reject) => {
    neighbour.once('error', reject)
    neighbour.listen(Number(new URL(one.url).port), '127.0.0.2', resolve)
  })
  neighbour.close()
  await Promise.all([one.close(), two.close()])
})

it('closes hanging connections, and may be closed twice', async () => {
  const sim = await startSimulator()
  sim.fault({ match: '/**', hang: true })
  const call = fetch(`${sim.url}/`).catch(() => 'closed')
  while (sim.count('/**') === 0) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([sim.close(), sim.close()])
  expect(await call).toBe('closed')
  await expect(fetch(sim.url)).rejects.toThrow()
})

it('reports a port in use, and a switch that it does not know', async () => {
  const sim = await startSimulator()
  await expect(startSimulator({ port: Number(new URL(sim.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: expect.stringContaining('0 takes a free one'),
  })
  await sim.close()
  await expect(startSimulator({ behaviour: { wrngCode: 400 } as Partial<Behaviour> })).rejects.toThrow(/wrngCode/)
})
