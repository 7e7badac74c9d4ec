// Reads vitest's JSON reports for .ci/run: a test that was skipped there, or a database that no
// test used, must not look like success.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Suites that may be skipped as a whole, with the reason. */
const maySkip = [
  {
    files: /^test\/providers\/openapi\//,
    when: () => !existsSync(`${root}../shared/specs`),
    reason: "the vendor's OpenAPI is not here",
  },
]

export const services = [
  { name: 'Redis', port: 6379, files: /^test\/stores\/redis[^/]*\.test\.ts$/ },
  { name: 'PostgreSQL', port: 5432, files: /^test\/stores\/postgres[^/]*\.test\.ts$/ },
]

/**
 * @param report what vitest wrote
 * @param answers whether something listens at a port of this machine
 */
export async function judge(report, { base = root, answers = listens } = {}) {
  const files = report.testResults.map(({ name, status, assertionResults }) => {
    const path = name.startsWith(base) ? name.slice(base.length) : name
    return {
      path,
      broken: status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
      tests: assertionResults,
    }
  })
  const count = (...statuses) =>
    files.flatMap(({ tests }) => tests).filter(({ status }) => statuses.includes(status)).length
  const skippedIn = ({ tests }) => tests.filter(({ status }) => status !== 'passed' && status !== 'failed')
  const broken = files.filter((file) => file.broken)
  const complaints = broken.map(({ path }) => `${path} could not run`)

  for (const file of files) {
    const excuse = maySkip.find(({ files, when }) => files.test(file.path) && when())
    const skipped = skippedIn(file)
    if (skipped.length > 0 && excuse) console.error(`${file.path}: ${skipped.length} skipped, because ${excuse.reason}`)
    else complaints.push(...skipped.map(({ fullName }) => `SKIPPED: ${file.path}: ${fullName}`))
  }
  for (const { name, port, files: own } of services) {
    const used = files.filter(({ path }) => own.test(path))
    // Until there are such tests, a database on this machine is somebody else's.
    if (used.length === 0 || !(await answers(port))) continue
    if (!used.some(({ tests }) => tests.some(({ status }) => status === 'passed')))
      complaints.push(`${name} answers at ${port}, BUT NO TEST USED IT`)
  }
  const passed = count('passed')
  const failed = count('failed') + broken.length
  if (failed > 0) complaints.push(`${failed} failed`)
  if (passed === 0) complaints.push('nothing passed')
  return { complaints, line: `${passed} passed, ${failed} failed, ${files.flatMap(skippedIn).length} skipped` }
}

/** A run that died before it wrote its report counts as a failure. */
function resultsOf(report) {
  const text = readFileSync(report, 'utf8')
  return text
    ? JSON.parse(text).testResults
    : [{ name: `a run without a report, ${report},`, status: 'failed', assertionResults: [] }]
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    const end = (answer) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false))
  })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [summary, ...reports] = process.argv.slice(2)
  const { complaints, line } = await judge({ testResults: reports.flatMap(resultsOf) })
  for (const complaint of complaints) console.error(complaint)
  writeFileSync(summary, `${line}\n`)
  if (complaints.length > 0) process.exitCode = 1
}
