#!/usr/bin/env node
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Finding } from './contracts/finding.js'

const usage = `Usage: passport-phonecheck doctor --config ./phone.js

  --config  a module that exports your PhoneCheckStrategy, as \`phone\` or as its default

Says what is set up wrong, and what to change. Ends with 1 if anything is an error.
\`passport-phonecheck simulator --help\` is about the simulator.
`

/** What is used of a strategy: it may come from the other half of the package. */
interface Diagnosable {
  diagnose(): Promise<Finding[]>
  close(): Promise<void>
}

async function doctor(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help) return say(usage, 0)
  if (values.config === undefined) return say(`--config is missing\n\n${usage}`, 2)
  const path = resolve(values.config)
  const loaded: { phone?: unknown; default?: { phone?: unknown } } = await import(pathToFileURL(path).href)
  const candidates = [loaded.phone, loaded.default, loaded.default?.phone]
  const phone = candidates.find((one) => typeof Reflect.get(Object(one), 'diagnose') === 'function') as
    | Diagnosable
    | undefined
  if (!phone) return say(`${path} exports no PhoneCheckStrategy, neither as \`phone\` nor as its default.\n`, 2)
  const found = await phone.diagnose()
  await phone.close()
  const lines = found.map(({ level, code, message }) => `${level.padEnd(8)}${code}\n        ${message}\n`)
  const errors = found.filter(({ level }) => level === 'error').length
  const end = errors > 0 ? `${errors} to mend.` : 'Nothing that stops logins was found.'
  return say(`${[...lines, end].join('\n')}\n`, errors > 0 ? 1 : 0)
}

function say(text: string, status: number): number {
  process.stdout.write(text)
  return status
}

if (process.argv[2] === 'doctor') {
  void doctor(process.argv.slice(3))
    .catch((error: unknown) => say(`${error instanceof Error ? error.message : String(error)}\n`, 2))
    // What the module opened, such as a pool, would keep the process alive.
    .then((status) => process.exit(status))
} else void import('./simulator/cli.js')
