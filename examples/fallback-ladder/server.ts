/** The app with real accounts; see README.md for the variables. */
import { type IdlayrOptions, idenfySms, MemoryStore, moCheck, phoneCheck } from 'passport-phonecheck'
import { createApp } from './app.js'
import { logEvent } from './event-log.js'

const needed = [
  'PHONECHECK_CLIENT_ID',
  'PHONECHECK_CLIENT_SECRET',
  'PHONECHECK_SECRET',
  'IDENFY_API_KEY',
  'IDENFY_API_SECRET',
  'SESSION_SECRET',
  'ORIGIN',
  'COUNTRIES',
] as const

function readSettings(env: NodeJS.ProcessEnv): Record<(typeof needed)[number], string> {
  const missing = needed.filter((name) => !env[name])
  if (missing.length > 0) throw new Error(`Set ${missing.join(', ')}; README.md says how.`)
  return Object.fromEntries(needed.map((name) => [name, env[name]])) as Record<(typeof needed)[number], string>
}

function main(): void {
  const settings = readSettings(process.env)
  const countries = settings.COUNTRIES.split(',')
  const idlayr: IdlayrOptions = {
    brand: 'idlayr',
    region: 'eu',
    clientId: settings.PHONECHECK_CLIENT_ID,
    clientSecret: settings.PHONECHECK_CLIENT_SECRET,
  }
  const app = createApp({
    ladder: [
      phoneCheck(idlayr),
      moCheck(idlayr),
      idenfySms({ apiKey: settings.IDENFY_API_KEY, apiSecret: settings.IDENFY_API_SECRET, senderName: 'Acme' }),
    ],
    // Several processes need a store that they share.
    store: new MemoryStore(),
    secret: settings.PHONECHECK_SECRET,
    sessionSecret: settings.SESSION_SECRET,
    origin: settings.ORIGIN,
    countries,
    messagesPerDay: Object.fromEntries(countries.map((country) => [country, 300])),
    onEvent: logEvent,
    // Vendors call public addresses only.
    ...(settings.ORIGIN.startsWith('https:') && { callbackUrl: `${settings.ORIGIN}/webhooks/phone` }),
  })
  // How many proxies are in front. Without it the address of devices is not known, and all visitors share one limit.
  app.set('trust proxy', Number(process.env['TRUST_PROXY'] ?? 0))
  app.listen(Number(process.env['PORT'] || 3000), (error) => {
    if (error) throw error
    console.log(`${settings.ORIGIN} on port ${process.env['PORT'] || 3000}`)
  })
}

try {
  main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
