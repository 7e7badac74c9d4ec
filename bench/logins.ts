import { ServerProcess } from './child.js'
import { Connection } from './connection.js'
import { contestants } from './contestants/all.js'
import type { Contestant } from './contestants/contestant.js'
import { Crowd, type Round } from './load.js'
import { median, percentile } from './numbers.js'
import type { Sizes } from './sizes.js'
import type { Vendor } from './vendor.js'
import { nextNumber, VirtualUser } from './virtual-user.js'

/** One line of the table. */
export interface LoginRow {
  name: string
  what: string
  /** Median over the rounds. */
  cpuMsPerLogin: number
  /** Median of the rounds' ratios to the first contestant, with their range. */
  timesLimit: { median: number; min: number; max: number }
  loginsPerSecond: number
  p50Ms: number
  p99Ms: number
  upstreamCalls: number
  /** In all, and how many of them wait for each other; absent without a flow store. */
  storeRoundTrips?: { total: number; startInSequence: number; redeemInSequence: number }
  /** In all, and in a bare `req.logIn`; absent without sessions. */
  sessionOps?: { total: number; ofLogInAlone: number }
  measured: number
  verified: number
  doors: { tried: number; opened: number }
  replays: { tried: number; refused: number }
}

export interface Logins {
  rows: LoginRow[]
  absent: { name: string; why: string }[]
}

interface Entry {
  contestant: Contestant
  server: ServerProcess
  crowd: Crowd
  rounds: Round[]
  row: Partial<LoginRow>
}

/**
 * Interleaved rounds: whatever else the machine does, it does to all contestants alike, and each is
 * compared with the first of the same round.
 */
export async function measureLogins(sizes: Sizes, vendor: Vendor, say: (text: string) => void): Promise<Logins> {
  const absent: Logins['absent'] = []
  const entries: Entry[] = []
  for (const contestant of contestants) {
    const why =
      contestant.onDatabase && !sizes.databases ? 'databases are not part of a quick run' : await contestant.absent?.()
    if (why !== undefined) {
      absent.push({ name: contestant.name, why })
      continue
    }
    const server = await ServerProcess.start(contestant.name, vendor.url)
    const crowd = new Crowd(server, vendor, contestant.face, sizes.users)
    await crowd.run(sizes.warmup)
    entries.push({ contestant, server, crowd, rounds: [], row: {} })
    say(`${contestant.name} is warm`)
  }
  for (let round = 0; round < sizes.rounds; round++) {
    // Begun by another one each time: none always follows the same neighbour.
    const order = entries
      .map((_, index) => entries[(index + round) % entries.length])
      .filter((entry) => entry !== undefined)
    for (const { contestant, crowd, rounds } of order)
      rounds.push(await crowd.run(sizes.logins * (contestant.pace ?? 1)))
    say(`round ${round + 1} of ${sizes.rounds}`)
  }
  const [floor] = entries
  const rows: LoginRow[] = []
  for (const entry of entries) {
    rows.push(await rowOf(entry, floor?.rounds ?? []))
    entry.crowd.close()
    await entry.server.stop()
  }
  return { rows, absent }
}

async function rowOf({ contestant, crowd, rounds, server }: Entry, floor: readonly Round[]): Promise<LoginRow> {
  const { users, loggedIn, replaysRefused } = await crowd.check()
  const ratios = rounds.map(({ cpuMs }, index) => cpuMs / (floor[index]?.cpuMs ?? Number.NaN))
  const latencies = rounds.flatMap((round) => round.latencies)
  const measured = sum(rounds.map(({ logins }) => logins))
  const { sessionOps, storeCalls } = await server.usage()
  return {
    name: contestant.name,
    what: contestant.what,
    cpuMsPerLogin: median(rounds.map(({ cpuMs }) => cpuMs)),
    timesLimit: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    loginsPerSecond: median(rounds.map(({ loginsPerSecond }) => loginsPerSecond)),
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    upstreamCalls: sum(rounds.map((round) => round.upstreamCalls * round.logins)) / measured,
    ...(storeCalls > 0 && {
      storeRoundTrips: {
        total: median(rounds.map((round) => round.storeCalls)),
        ...(await sequencesOf(contestant, server)),
      },
    }),
    ...(sessionOps > 0 && {
      sessionOps: { total: median(rounds.map((round) => round.sessionOps)), ofLogInAlone: await opsOfLogIn(server) },
    }),
    measured,
    // Each one was, or the benchmark would have ended.
    verified: latencies.length,
    doors: { tried: users, opened: loggedIn },
    replays: { tried: users, refused: replaysRefused },
  }
}

/** How many store calls of one login had to wait for another one. */
async function sequencesOf({ face }: Contestant, server: ServerProcess) {
  const user = new VirtualUser(server.port, face)
  const before = await server.usage('waves-on')
  const begun = await user.start(nextNumber())
  const started = await server.usage()
  await user.redeem(begun)
  const redeemed = await server.usage('waves-off')
  user.close()
  return { startInSequence: started.waves - before.waves, redeemInSequence: redeemed.waves - started.waves }
}

async function opsOfLogIn(server: ServerProcess): Promise<number> {
  const connection = new Connection(server.port)
  const before = await server.usage()
  const { status } = await connection.post('/bare-login', {})
  const after = await server.usage()
  connection.close()
  if (status !== 200) throw new Error(`${server.name} answered ${status} to a bare login`)
  return after.sessionOps - before.sessionOps
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
