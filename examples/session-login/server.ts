/** The app with a real account: `npx tsx examples/session-login/server.ts`, configured by environment variables. */
import {
  type IdenfyOptions,
  type IdlayrOptions,
  idenfySms,
  MemoryStore,
  moCheck,
  phoneCheck,
} from 'passport-phonecheck'
import { createApp } from './app.js'

const brands = ['tru.id', 'idlayr'] as const
const regions = ['eu', 'in', 'us'] as const

interface Settings {
  idlayr: IdlayrOptions
  /** Without it the ladder ends with the user's own text. */
  idenfy: IdenfyOptions | undefined
  /** Regions whose numbers may sign in. */
  countries: string[]
  secret: string
  sessionSecret: string
  origin: string
  port: number
}

/** @throws Error that lists everything that is missing or wrong, so that one run is enough to see it all. */
function readSettings(env: NodeJS.ProcessEnv): Settings {
  const complaints: string[] = []
  function read(name: string, meaning: string): string {
    const value = env[name] ?? ''
    if (value === '') complaints.push(`${name} is missing: ${meaning}`)
    return value
  }
  function oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = env[name]
    const choice = choices.find((known) => known === value)
    if (value && !choice) complaints.push(`${name} must be one of ${choices.join(', ')}`)
    return choice
  }
  const brand = oneOf('PHONECHECK_BRAND', brands) ?? 'idlayr'
  const region = oneOf('PHONECHECK_REGION', regions) ?? 'eu'
  const withCodes = Boolean(env['IDENFY_API_KEY'])
  const settings = {
    idlayr: {
      brand,
      region,
      clientId: read('PHONECHECK_CLIENT_ID', "the project's client id, from the vendor's console"),
      clientSecret: read('PHONECHECK_CLIENT_SECRET', "the project's client secret"),
    },
    idenfy: withCodes
      ? {
          apiKey: env['IDENFY_API_KEY'],
          apiSecret: read('IDENFY_API_SECRET', 'it belongs to IDENFY_API_KEY'),
          senderName: 'Acme',
        }
      : undefined,
    countries: withCodes ? read('COUNTRIES', 'regions to which codes may be sent, such as US,DE').split(',') : [],
    secret: read(
      'PHONECHECK_SECRET',
      'at least 32 random bytes, the same in all processes; `openssl rand -base64 32` makes them',
    ),
    sessionSecret: read(
      'SESSION_SECRET',
      'random bytes that sign the session cookie; `openssl rand -base64 32` makes them',
    ),
    origin: read('ORIGIN', 'where browsers reach this app, such as https://app.example').replace(/\/$/, ''),
    port: Number(env['PORT'] || 3000),
  }
  const { origin, port } = settings
  if (origin && !(URL.canParse(origin) && new URL(origin).origin === origin))
    complaints.push('ORIGIN must be an origin without a path')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) complaints.push('PORT must be a number from 0 to 65535')
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  return settings
}

function main(): void {
  const { idlayr, idenfy, countries, port, ...settings } = readSettings(process.env)
  const app = createApp({
    ...settings,
    ladder: [phoneCheck(idlayr), moCheck(idlayr), ...(idenfy ? [idenfySms(idenfy)] : [])],
    ...(countries.length > 0 && { countries }),
    // Vendors call public addresses only.
    ...(settings.origin.startsWith('https:') && { callbackUrl: `${settings.origin}/webhooks/phone` }),
    // Several processes need a store that they share.
    store: new MemoryStore(),
    onEvent: (event) => console.log(JSON.stringify(event)),
  })
  // Behind a proxy: what Express may believe of its headers, such as `1` for one proxy. Without it
  // the address of devices is not known.
  const trustProxy = process.env['TRUST_PROXY']
  if (trustProxy) app.set('trust proxy', /^\d+$/.test(trustProxy) ? Number(trustProxy) : trustProxy)
  app.listen(port, (error) => {
    if (error) fail(error)
    else console.log(`${settings.origin} on port ${port}`)
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
