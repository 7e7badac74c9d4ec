/**
 * The API with a real account: `npx tsx --tsconfig examples/tsconfig.json
 * examples/jwt-api/server.ts`, configured by environment variables.
 */
import { readFileSync } from 'node:fs'
import { type IdlayrOptions, MemoryStore, phoneCheck } from 'passport-phonecheck'
import { createApp } from './app.js'

const meanings = {
  PHONECHECK_CLIENT_ID: "the project's client id, from the vendor's console",
  PHONECHECK_CLIENT_SECRET: "the project's client secret",
  PHONECHECK_SECRET: 'at least 32 random bytes, the same in all processes; `openssl rand -base64 32` makes them',
  JWT_KEY_FILE: 'a private key in PEM form; `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one',
  JWT_KEY_ID: 'a name for that key that no other had before, such as 2026-01',
  ORIGIN: 'where apps reach this API, such as https://api.example',
}

/** @throws Error that lists everything that is missing, so that one run is enough to see it all. */
function readSettings(env: NodeJS.ProcessEnv): Record<keyof typeof meanings, string> {
  const missing = Object.entries(meanings).filter(([name]) => !env[name])
  if (missing.length > 0) throw new Error(missing.map(([name, meaning]) => `${name} is missing: ${meaning}`).join('\n'))
  return env as Record<keyof typeof meanings, string>
}

function main(): void {
  const env = readSettings(process.env)
  // Not checked here, because phoneCheck names the choices when it is given another.
  const vendor = {
    brand: process.env['PHONECHECK_BRAND'] || 'idlayr',
    region: process.env['PHONECHECK_REGION'] || 'eu',
  }
  const app = createApp({
    ladder: [
      phoneCheck({
        ...(vendor as Pick<IdlayrOptions, 'brand' | 'region'>),
        clientId: env.PHONECHECK_CLIENT_ID,
        clientSecret: env.PHONECHECK_CLIENT_SECRET,
      }),
    ],
    // Several processes need stores that they share. These forget all logins when the process restarts.
    store: new MemoryStore(),
    tokenStore: new MemoryStore({ maxRecords: 1_000_000 }),
    secret: env.PHONECHECK_SECRET,
    origin: env.ORIGIN,
    jwtKeys: [{ kid: env.JWT_KEY_ID, algorithm: 'ES256', privateKey: readFileSync(env.JWT_KEY_FILE, 'utf8') }],
    onEvent: (event) => console.log(JSON.stringify(event)),
  })
  // Behind a proxy: what Express may believe of its headers, such as `1` for one proxy.
  const trustProxy = process.env['TRUST_PROXY']
  if (trustProxy) app.set('trust proxy', /^\d+$/.test(trustProxy) ? Number(trustProxy) : trustProxy)
  const port = Number(process.env['PORT'] || 3000)
  app.listen(port, (error) => {
    if (error) fail(error)
    else console.log(`${env.ORIGIN} on port ${port}`)
  })
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

try {
  main()
} catch (error) {
  fail(error)
}
