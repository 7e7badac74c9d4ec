/**
 * `npm start`: the app of app.ts against the simulator, with a virtual phone beside it. Needs no
 * account, no SIM and no network.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryStore } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { createApp } from './app.js'
import { createDemo } from './demo/demo-app.js'
import { DemoPhone } from './demo/demo-phone.js'
import { LadderSwitch } from './demo/ladder-switch.js'
import { ladders } from './demo/ladders.js'
import { MovableClock } from './demo/movable-clock.js'
import { ProtocolLog } from './demo/protocol-log.js'
import { gateway, watchLibrary, watchSimulator } from './demo/watch.js'

async function main(): Promise<void> {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('The demo lets anyone be anyone and refuses to run with NODE_ENV=production.')
  const server = createServer()
  const origin = await listen(server, readPort(process.env['PORT']))

  const clock = new MovableClock()
  const sim = await startSimulator({ clock, brand: 'idlayr' })
  const log = new ProtocolLog(clock)
  const phone = new DemoPhone(sim, clock, log)

  const surroundings = { simulatorUrl: sim.url, origin, clock, send: gateway(phone, log) }
  const choice = new LadderSwitch((name) =>
    createApp({
      ladder: ladders[name].rungs(surroundings),
      countries: ['US', 'CA', 'GB', 'DE', 'FR', 'ES', 'IT', 'NL', 'AT', 'CH', 'IN', 'BR', 'AU'],
      ...(name === 'idlayr' && { callbackUrl: `${origin}/webhooks/phone` }),
      // The phone that is drawn has one address for the app and for the vendor, so "not on mobile
      // data" can be known at the start. A real one may have two.
      deviceIp: 'prefer',
      store: new MemoryStore({ clock }),
      secret: randomBytes(32).toString('base64'),
      sessionSecret: randomBytes(32).toString('base64'),
      origin,
      clock,
      onEvent: watchLibrary(log),
    }),
  )
  watchSimulator(sim, phone, log, choice)
  server.on('request', createDemo(origin, { simulatorUrl: sim.url, clock, log, phone, choice }))
  console.log(`Open ${origin} (Ctrl-C ends the demo)`)

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close()
      server.closeAllConnections()
      void sim.close()
    })
  }
}

function readPort(text: string | undefined): number {
  const port = Number(text || 3000)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error('PORT must be a number from 0 to 65535.')
}

/** Loopback only: whoever reaches the demo can be anyone. */
function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(taken ? new Error(`Port ${port} is in use. Choose another one: PORT=${port + 1} npm start`) : error)
    })
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
