/** The same app against the simulator. The terminal is the phone: see README.md. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import express from 'express'
import { idenfySms, MemoryStore, moCheck, phoneCheck } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { createApp } from './app.js'
import { logEvent } from './event-log.js'
import { help, TerminalPhone } from './terminal-phone.js'

async function main(): Promise<void> {
  const sim = await startSimulator()
  const server = createServer()
  // Loopback only: whoever reaches this app can be anyone.
  await once(server.listen(Number(process.env['PORT'] || 3000), '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const phone = new TerminalPhone(sim, console.log)
  const idlayr = { baseUrl: sim.url, clientId: 'simulated', clientSecret: 'simulated' }
  const app = createApp({
    ladder: [
      phoneCheck(idlayr),
      moCheck(idlayr),
      idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret', senderName: 'Acme' }),
    ],
    store: new MemoryStore(),
    secret: randomBytes(32).toString('base64'),
    sessionSecret: randomBytes(32).toString('base64'),
    origin,
    countries: ['US', 'GB', 'DE'],
    messagesPerDay: { US: 20, GB: 20, DE: 20 },
    callbackUrl: `${origin}/webhooks/phone`,
    // The phone has one address for the app and for the vendor, so "not on mobile data" can be
    // known at the start. A real one may have two.
    deviceIp: 'prefer',
    onEvent: logEvent,
  })
  const outer = express()
  outer.set('trust proxy', 'loopback')
  outer.use((req, _res, next) => {
    // The app sees the visitor where the phone is: on its operator's network, or on Wi-Fi.
    req.headers['x-forwarded-for'] = phone.address
    next()
  })
  server.on('request', outer.use(app))
  console.log(`Open ${origin} and sign in as ${phone.number}.\n${help}`)

  const terminal = createInterface({ input: process.stdin })
  terminal.on('line', (line) => void phone.obey(line))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      terminal.close()
      server.close()
      server.closeAllConnections()
      void sim.close()
    })
  }
}

main().catch((error: NodeJS.ErrnoException) => {
  console.error(error.code === 'EADDRINUSE' ? 'The port is in use. Set PORT to another one.' : error.message)
  process.exit(1)
})
