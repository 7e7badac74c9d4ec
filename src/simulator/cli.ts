#!/usr/bin/env node
import { parseArgs } from 'node:util'
import type { MessageRecord } from './phones/messages.js'
import type { Simulator } from './running-simulator.js'
import { startSimulator } from './simulator.js'

const usage = `Usage: passport-phonecheck doctor --config ./phone.js
       passport-phonecheck simulator [--port 4010] [--host 127.0.0.1] [--expose] [--public-url https://sim.example.com]
           [--sandbox] [--brand tru.id|idlayr]

  --port        TCP port, 0 for a free one (default 4010)
  --host        address to listen on (default 127.0.0.1)
  --expose      --host may be an address that others reach: anyone who does can be anyone
  --public-url  origin by which phones elsewhere reach it; its check URLs begin with it
  --sandbox     the last digits of the number decide, as in the vendor's sandbox (99 fails, even matches, odd does not);
                without it the phone does: its SIM, its mobile data, its operator
  --brand       whose error documents problems point to (default tru.id)

Serves tru.ID / IDlayr (PhoneCheck, MOCheck, callbacks), iDenfy, Twilio Verify, a CAMARA operator, and phones under /_simulator: their inbox, their SMS, the callbacks sent.
`

interface Settings {
  readonly port: number
  readonly host: string
  readonly expose: boolean
  readonly publicUrl?: string
  readonly sandbox: boolean
  readonly brand: 'tru.id' | 'idlayr'
}

function readSettings(args: string[]): Settings | 'help' {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '4010' },
      host: { type: 'string', default: '127.0.0.1' },
      expose: { type: 'boolean', default: false },
      'public-url': { type: 'string' },
      sandbox: { type: 'boolean', default: false },
      brand: { type: 'string', default: 'tru.id' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  if (positionals.length !== 1 || positionals[0] !== 'simulator')
    throw new Error(`Unknown command: ${positionals.join(' ') || '(none)'}`)
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN
  if (!(port <= 65_535)) throw new Error(`--port must be a number from 0 to 65535, not ${values.port}`)
  if (values.brand !== 'tru.id' && values.brand !== 'idlayr')
    throw new Error(`--brand must be tru.id or idlayr, not ${values.brand}`)
  const { host, expose, sandbox, brand, 'public-url': publicUrl } = values
  return { port, host, expose, sandbox, brand, ...(publicUrl !== undefined && { publicUrl }) }
}

function introduce({ url }: Simulator, { sandbox, publicUrl = url }: Settings): string {
  return `Simulator on ${url} (Ctrl-C stops it)

Give ${publicUrl} to every provider as baseUrl, with any credentials.
${sandbox ? sandboxRule : phoneRule}
By hand:
  curl -u id:secret -d 'grant_type=client_credentials&scope=phone_check' ${url}/oauth2/v1/token
  curl -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d '{"phone_number":"+12025550100"}' ${url}/phone_check/v0.2/checks
  curl -H 'Content-Type: application/json' -d '{"url":"CHECK_URL"}' ${url}/_simulator/phones/+12025550100/open
  curl -X PATCH -H 'Content-Type: application/json' -d '{"mobileData":false}' ${url}/_simulator/phones/+12025550100
  curl -X PATCH -H 'Content-Type: application/json' -d '{"sim":"+12025550199"}' ${url}/_simulator/phones/+12025550100
  curl -u key:secret -H 'Content-Type: application/json' -d '{"phone_number":"+12025550100"}' ${url}/fraud/send-sms
  curl ${url}/_simulator/phones/+12025550100/inbox
  curl -H 'Content-Type: application/json' -d '{"to":"MO_RECEIVER","body":"MO_BODY"}' ${url}/_simulator/phones/+12025550100/send
  curl ${url}/_simulator/callbacks
`
}

const phoneRule = `A browser that opens a check's URL is taken for the virtual phone of the check's number: its SIM, mobile data and operator decide,
and at first all numbers match. Change them with PATCH as below; start with --sandbox to let the last digits of the number decide.
`

const sandboxRule = `Sandbox: the last digits of the number decide, whatever the phone: 99 fails, any other odd digit does not match, an even one does.
`

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2))
  if (settings === 'help') {
    console.log(usage)
    return
  }
  const simulator = await startSimulator(settings)
  console.log(introduce(simulator, settings))
  simulator.onRequest(({ method, path, status }) => console.log(`${method} ${path} ${status ?? '-'}`))
  simulator.onMessage((message) => console.log(describe(message)))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close())
}

function describe(message: MessageRecord): string {
  if (message.kind === 'callback') {
    const { product, checkId, attempt, status, error } = message
    return `callback ${product} ${checkId} attempt ${attempt}: ${status ?? error ?? '-'}`
  }
  const { kind, direction, phone, delivered } = message
  return `${kind} ${direction === 'to_phone' ? 'to' : 'from'} ${phone}: ${delivered ? 'delivered' : 'dropped'}`
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'EADDRINUSE') return 'The port is in use; choose another with --port'
  const [, option] =
    'code' in error && error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? (/'(-[^' ]*)/.exec(error.message) ?? []) : []
  if (option === '--version') return 'The simulator has the version of its package: npm ls passport-phonecheck'
  if (option !== undefined)
    return `Unknown option ${option}; the options are --port, --host, --expose, --public-url, --sandbox, --brand and --help`
  return error.message
}

main().catch((error: unknown) => {
  console.error(explain(error))
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) console.error(`\n${usage}`)
  process.exitCode = 1
})
