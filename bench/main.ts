import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { killAll, pinLoad } from './child.js'
import { measureLogins } from './logins.js'
import { measurePairs } from './paired.js'
import { comparisonTable, type Machine, markdown, type Report, targetsOf } from './report.js'
import { measureScale } from './scale/measure-scale.js'
import { full, quick, tiny } from './sizes.js'
import { startVendor } from './vendor.js'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    tiny: { type: 'boolean' },
    out: { type: 'string' },
    against: { type: 'string' },
  },
})
const sizes = values.tiny ? tiny : values.quick ? quick : full
const out = values.out ?? fileURLToPath(new URL('../results.json', import.meta.url))

const watchdog = setTimeout(() => {
  killAll()
  process.stderr.write(`gave up after ${sizes.watchdogMs / 1000} s\n`)
  process.exit(1)
}, sizes.watchdogMs)

try {
  const machine = describe()
  const vendor = await startVendor()
  if (values.against === undefined) {
    const logins = await measureLogins(sizes, vendor, say)
    const scale = await measureScale(sizes, vendor, say)
    const report: Report = { machine, logins, scale, targets: targetsOf(logins, scale) }
    process.stdout.write(markdown(report))
    writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`)
  } else {
    const comparison = { machine, ...(await measurePairs(values.against, sizes, vendor, say)) }
    process.stdout.write(comparisonTable(comparison))
    if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(comparison, null, 2)}\n`)
  }
  await vendor.close()
} finally {
  killAll()
  clearTimeout(watchdog)
}

function describe(): Machine {
  const [cpu] = cpus()
  const flags = process.argv.slice(2).join(' ')
  return {
    date: new Date().toISOString(),
    command: flags === '' ? 'npm run bench' : `npm run bench -- ${flags}`,
    cpu: `${cpus().length} x ${cpu?.model ?? 'unknown CPU'}`,
    node: process.versions.node,
    load: loadavg()
      .map((value) => value.toFixed(1))
      .join(' '),
    cores: capital(pinLoad()),
  }
}

function say(text: string): void {
  process.stderr.write(`${Math.round(process.uptime())} s: ${text}\n`)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
