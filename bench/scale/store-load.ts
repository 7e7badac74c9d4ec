import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { fillStore } from '../contestants/fill-store.js'
import { userOf } from '../users.js'
import { JumpClock } from './jump-clock.js'
import { lonePhone } from './lone-phone.js'

/**
 * Questions about the memory store that need a process of their own: `node --expose-gc
 * store-load.js <question> <number> …`
 */

export interface FlowBytes {
  flows: number
  heap: number
  rss: number
  /** Characters of the record of one flow. */
  recordLength: number
}

export interface ExpiryBlock {
  flows: number
  /**
   * Longest time in which nothing else could run, by the clock and by the work done in it: the
   * first counts what other processes took away.
   */
  wallMs: number
  cpuMs: number
  /** From the moment in which all were expired to the last one's end. */
  totalMs: number
}

export interface Traffic {
  logins: number
  /** Heap after each five minutes, from the twentieth on, when as many flows end as begin. Bytes. */
  heaps: number[]
}

const questions = { bytes: flowBytes, expiry: expiryBlock, traffic }
export type StoreQuestion = keyof typeof questions

async function flowBytes(flows: number): Promise<FlowBytes> {
  // Time goes on, as for users: instants in records are not whole numbers then.
  const clock = new JumpClock()
  const phone = lonePhone({ store: new MemoryStore({ clock, maxRecords: 2 * flows }), clock })
  // Code is compiled and the heap has grown before the first look: these have expired by then.
  await startMany(phone.start, Math.ceil(flows / 10))
  clock.jump(700_000)
  await emptied(clock)
  const before = settled()
  await startMany(phone.start, flows)
  const after = settled()
  const recordLength = phone.lastRecord().length
  // Keeps the store, and shows that it still works.
  const login = await phone.start('+12025550100')
  if ((await phone.redeem(login)) !== userOf('+12025550100')) throw new Error('a login failed')
  return {
    flows,
    heap: (after.heapUsed - before.heapUsed) / flows,
    rss: (after.rss - before.rss) / flows,
    recordLength,
  }
}

async function startMany(start: (number: string) => Promise<unknown>, flows: number): Promise<void> {
  for (let made = 0; made < flows; made++) await start(`+1202${2_000_000 + (made % 7_999_999)}`)
}

async function expiryBlock(flows: number): Promise<ExpiryBlock> {
  const clock = new JumpClock()
  const store = new MemoryStore({ clock, maxRecords: flows })
  await fillStore(store, flows)
  settled()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const begin = performance.now()
  const probe = watchLoop()
  clock.jump(700_000)
  await emptied(clock)
  return { flows, ...probe(), totalMs: performance.now() - begin }
}

/** A store waits for nothing only when it holds nothing. */
async function emptied(clock: JumpClock): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 2))
  while (clock.pending > 0)
}

/** Goes round the event loop without rest. @returns a function that tells the longest round */
function watchLoop(): () => { wallMs: number; cpuMs: number } {
  let longest = { wallMs: 0, cpuMs: 0 }
  let stopped = false
  let wall = performance.now()
  let cpu = process.cpuUsage()
  function round(): void {
    const now = performance.now()
    const { user, system } = process.cpuUsage(cpu)
    longest = { wallMs: Math.max(longest.wallMs, now - wall), cpuMs: Math.max(longest.cpuMs, (user + system) / 1000) }
    wall = now
    cpu = process.cpuUsage()
    if (!stopped) setImmediate(round)
  }
  setImmediate(round)
  return () => {
    stopped = true
    return longest
  }
}

/** An hour or so of logins, by a clock that stands still between them. */
async function traffic(seconds: number, startsPerSecond: number): Promise<Traffic> {
  const clock = fakeClock()
  const phone = lonePhone({ store: new MemoryStore({ clock, maxRecords: 1_000_000, maxCounters: 1_000_000 }), clock })
  const heaps: number[] = []
  let begun = 0
  let logins = 0
  for (let second = 1; second <= seconds; second++) {
    for (; begun < second * startsPerSecond; begun++) {
      const address = `10.${begun % 200}.${(begun >> 3) % 250}.7`
      const number = `+1202${2_000_000 + ((begun * 7_919) % 7_999_999)}`
      const login = await phone.start(number, address)
      // Of four, one is given up, one brings a wrong code first, and three end in a login that cannot be used again.
      if (begun % 4 === 0) continue
      if (begun % 4 === 1 && (await phone.redeem({ ...login, code: 'wrong' }, address)) !== 401)
        throw new Error('a wrong code was not refused')
      if ((await phone.redeem(login, address)) !== userOf(number)) throw new Error('a login failed')
      if ((await phone.redeem(login, address)) !== 401) throw new Error('a replay was not refused')
      logins += 1
    }
    await clock.advance(1000)
    if (second % 300 === 0 && second >= 1200) heaps.push(settled().heapUsed)
  }
  return { logins, heaps }
}

function settled(): NodeJS.MemoryUsage {
  if (!globalThis.gc) throw new Error('needs --expose-gc')
  for (let turn = 0; turn < 4; turn++) globalThis.gc()
  return process.memoryUsage()
}

const [question = '', ...values] = process.argv.slice(2)
const [first = 0, second = 0] = values.map(Number)
const answer = await questions[question as StoreQuestion](first, second)
process.send?.(answer, () => process.exit())
