/**
 * The API against the simulator: `npx tsx --tsconfig examples/tsconfig.json
 * examples/jwt-api/simulated.ts`. Needs no account, no SIM and no network.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { idenfySms, MemoryStore, moCheck, phoneCheck } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { createApp } from './app.js'

async function main(): Promise<void> {
  // Refuses NODE_ENV=production, and listens on loopback only: whoever reaches it can be anyone.
  const sim = await startSimulator({ port: Number(process.env['SIM_PORT'] ?? 4010) })
  const server = createServer()
  const origin = await listen(server, Number(process.env['PORT'] ?? 3000))
  const account = { baseUrl: sim.url, clientId: 'demo', clientSecret: 'demo' }
  server.on(
    'request',
    createApp({
      ladder: [
        phoneCheck(account),
        moCheck(account),
        idenfySms({ baseUrl: sim.url, apiKey: 'demo', apiSecret: 'demo' }),
      ],
      store: new MemoryStore(),
      tokenStore: new MemoryStore(),
      secret: randomBytes(32).toString('base64'),
      countries: ['US'],
      origin,
      // A new key with each start: tokens do not outlive the process.
      jwtKeys: [
        {
          kid: 'simulated',
          algorithm: 'ES256',
          privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
        },
      ],
    }),
  )
  console.log(`export API=${origin} SIM=${sim.url}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close()
      server.closeAllConnections()
      void sim.close()
    })
  }
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`Port ${port} is in use. Set PORT to another one.`) : error)
    })
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
