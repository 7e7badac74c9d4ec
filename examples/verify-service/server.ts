/** The app with one of the services, played on this machine; see README.md. */
import { randomBytes } from 'node:crypto'
import { createApp } from '../own-sms/app.js'
import { plivoSms } from './plivo.js'
import { preludeSms } from './prelude.js'
import { sinchSms } from './sinch.js'
import { type Deliver, stubs } from './stubs.js'

const deliver: Deliver = ({ to, code }) => console.log(`\nSMS to ${to}: ${code}\n`)
// With your own credentials and without `baseUrl` these are the real services.
const rungs = {
  prelude: async () => preludeSms({ apiKey: 'key', baseUrl: (await stubs.prelude(deliver)).url }),
  plivo: async () =>
    plivoSms({ authId: 'MA1', authToken: 'token', appUuid: 'app', baseUrl: (await stubs.plivo(deliver)).url }),
  sinch: async () =>
    sinchSms({ applicationKey: 'key', applicationSecret: 'secret', baseUrl: (await stubs.sinch(deliver)).url }),
}
const name = process.env['SERVICE'] ?? 'prelude'
if (!Object.hasOwn(rungs, name)) throw new Error(`SERVICE must be one of ${Object.keys(rungs).join(', ')}`)

const secret = process.env['PHONECHECK_SECRET'] ?? randomBytes(32).toString('base64')
const app = createApp({ rung: await rungs[name as keyof typeof rungs](), secret, secure: false })
const server = app.listen(Number(process.env['PORT'] || 3000), '127.0.0.1', (error?: Error) => {
  if (error) throw error
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : ''
  console.log(`Open http://127.0.0.1:${port} and sign in with +12025550100 through ${name}.`)
})
