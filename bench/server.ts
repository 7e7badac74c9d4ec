import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { contestants } from './contestants/all.js'
import type { Counts } from './contestants/counted.js'

/**
 * One contestant in a process of its own: `node server.js <name> <vendor url> <pending flows>`.
 * Ends with the process that began it.
 */

export interface Usage extends Counts {
  /** User and system time of this process since it began, all threads. */
  cpuMs: number
}

export type Question = 'usage' | 'waves-on' | 'waves-off' | 'stop'

const [name, vendorUrl = '', pending = '0'] = process.argv.slice(2)
const contestant = contestants.find((one) => one.name === name)
if (!contestant || !process.send)
  throw new Error(`there is no contestant '${name}'; this file is begun by the benchmark`)

const running = await contestant.run({ vendorUrl, pending: Number(pending) })
const server = createServer(running.listener)
server.keepAliveTimeout = 600_000

process.on('message', ({ id, question }: { id: number; question: Question }) => {
  if (running.store && question.startsWith('waves')) running.store.inWaves = question === 'waves-on'
  const { user, system } = process.cpuUsage()
  const usage: Usage = {
    cpuMs: (user + system) / 1000,
    sessionOps: running.sessions?.ops ?? 0,
    storeCalls: running.store?.calls ?? 0,
    waves: running.store?.waves ?? 0,
  }
  if (question !== 'stop') {
    process.send?.({ id, usage })
    return
  }
  server.closeAllConnections()
  server.close()
  const end = () => process.disconnect()
  void Promise.resolve(running.close?.()).then(end, end)
})
process.on('disconnect', () => process.exit())

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
