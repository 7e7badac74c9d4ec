/**
 * Three processes behind one port: `npx tsx --tsconfig examples/tsconfig.json
 * examples/cluster/main.ts`. See README.md.
 */
import cluster, { type Worker } from 'node:cluster'
import { startSimulator } from 'passport-phonecheck/simulator'
import { readAccount, type Settings, simulatedAccount } from './settings.js'
import { work } from './worker.js'

const workers = 3

async function lead(): Promise<void> {
  const account = readAccount(process.env)
  // Loopback only, and never with NODE_ENV=production: whoever reaches a simulator can be anyone.
  const sim = account ? undefined : await startSimulator({ port: Number(process.env['SIM_PORT'] || 0) })
  const settings: Settings = {
    ...(account ?? simulatedAccount(sim?.url ?? '')),
    redisUrl: process.env['REDIS_URL'] || 'redis://127.0.0.1:6379',
    port: Number(process.env['PORT'] || 3000),
    prefix: process.env['REDIS_PREFIX'] || 'phonecheck-cluster',
  }
  let closing = false
  let ready = 0
  const start = (): Worker => cluster.fork({ CLUSTER_SETTINGS: JSON.stringify(settings) })

  cluster.on('message', (_worker, { port }: { port: number }) => {
    ready += 1
    if (ready !== workers) return
    console.log(`${workers} processes; \`kill ${process.pid}\` or Ctrl-C ends all.`)
    console.log(`export API=http://127.0.0.1:${port}${sim ? ` SIM=${sim.url}` : ''}`)
  })
  cluster.on('exit', (_worker, code, signal) => {
    if (closing) return
    // One that never got to work would not do so the next time either.
    if (ready < workers) {
      process.exitCode = 1
      return close()
    }
    console.error(`A process ended (${signal ?? code}); another one takes its place.`)
    start()
  })
  function close(): void {
    if (closing) return
    closing = true
    const running = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    let left = running.length
    // The simulator goes last: logins that have begun still ask it.
    const done = () => {
      left -= 1
      if (left <= 0) void sim?.close()
    }
    if (left === 0) done()
    for (const worker of running) {
      worker.once('exit', done)
      worker.process.kill('SIGTERM')
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, close)
  for (let count = 0; count < workers; count++) start()
}

async function main(): Promise<void> {
  if (cluster.isPrimary) return lead()
  // A terminal sends Ctrl-C to all processes; the first one tells the others when to end.
  process.on('SIGINT', () => {})
  return work(JSON.parse(process.env['CLUSTER_SETTINGS'] ?? ''))
}

main().catch((error: NodeJS.ErrnoException) => {
  console.error(
    error.code === 'EADDRINUSE' ? 'The port is in use. Set PORT, or SIM_PORT, to another one.' : error.message,
  )
  process.exit(1)
})
