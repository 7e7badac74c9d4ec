import type { LoginRow, Logins } from './logins.js'
import { median } from './numbers.js'
import type { Pair } from './paired.js'
import type { Scale } from './scale/measure-scale.js'

export interface Machine {
  date: string
  command: string
  cpu: string
  node: string
  cores: string
  load: string
}

/** What the project promises itself, beside what was measured. */
export interface Target {
  what: string
  target: string
  measured: string
  met: boolean
}

export interface Report {
  machine: Machine
  logins: Logins
  scale: Scale
  targets: Target[]
}

export function targetsOf({ rows }: Logins, scale: Scale): Target[] {
  const targets: Target[] = []
  const row = (name: string) => rows.find((one) => one.name === name)
  const add = (what: string, target: string, measured: string, met: boolean) =>
    targets.push({ what, target, measured, met })
  const session = row('ours, session')
  const jwt = row('ours, JWT')
  const redis = row('ours, session, Redis')
  if (session)
    add('CPU per login, Express 5 and session', '<= 4.0 x limit', times(session), session.timesLimit.median <= 4)
  if (jwt) add('CPU per login, Express 5 and JWT', '<= 3.3 x limit', times(jwt), jwt.timesLimit.median <= 3.3)
  for (const { name, upstreamCalls, sessionOps } of rows.filter((one) => one.name.startsWith('ours'))) {
    add(`upstream calls per warm login, ${name}`, '2.00', upstreamCalls.toFixed(2), upstreamCalls.toFixed(2) === '2.00')
    if (!sessionOps) continue
    const { total, ofLogInAlone } = sessionOps
    add(
      `session-store operations per login, ${name}`,
      `${ofLogInAlone} (req.logIn alone)`,
      total.toFixed(2),
      total <= ofLogInAlone,
    )
  }
  const trips = (redis ?? session)?.storeRoundTrips
  if (trips) {
    const { startInSequence: start, redeemInSequence: redeem } = trips
    const where = redis ? 'Redis' : 'store'
    add(
      `${where} round trips in sequence, start / redeem`,
      '<= 2 / <= 3',
      `${start} / ${redeem}`,
      start <= 2 && redeem <= 3,
    )
  }
  const { cold, bytes, pending, expiry, redeems, traffic } = scale
  const allStarted = cold.succeeded === cold.starts
  add(
    `token calls for ${count(cold.starts)} cold starts`,
    '1',
    `${cold.tokenCalls} (${count(cold.succeeded)} started)`,
    cold.tokenCalls === 1 && allStarted,
  )
  for (const { name, redeems: tried, logins, patches } of redeems.filter((one) => one.name.startsWith('ours')))
    add(
      `${tried} redeems of one flow at once, ${name}`,
      '1 login / 1 PATCH',
      `${logins} / ${patches}`,
      logins === 1 && patches === 1,
    )
  add(`heap bytes per pending flow at ${count(bytes.flows)}`, '<= 700', bytes.heap.toFixed(0), bytes.heap <= 700)
  add(`RSS bytes per pending flow at ${count(bytes.flows)}`, '<= 1,000', bytes.rss.toFixed(0), bytes.rss <= 1000)
  const cost = `${pending.ratio.toFixed(2)} x (${pending.cpuMsMany.toFixed(2)} ms)`
  add(
    `CPU per login, ${count(pending.many)} pending against ${count(pending.few)}`,
    '<= 1.15 x',
    cost,
    pending.ratio <= 1.15,
  )
  const block = `${expiry.cpuMs.toFixed(1)} ms of work (${expiry.wallMs.toFixed(1)} ms by the clock)`
  add(`longest block while ${count(expiry.flows)} flows expire`, '< 20 ms', block, expiry.cpuMs < 20)
  const growth = growthOf(traffic.heaps)
  add(
    `heap over simulated traffic, ${count(traffic.logins)} logins`,
    'flat',
    `${(growth * 100).toFixed(1)} %`,
    growth < 0.05,
  )
  return targets
}

/** From the first half of the looks to the second, as a share of the heap. */
function growthOf(heaps: readonly number[]): number {
  const half = Math.ceil(heaps.length / 2)
  return median(heaps.slice(half)) / median(heaps.slice(0, half)) - 1
}

export function markdown({ machine, logins, scale, targets }: Report): string {
  const { date, command, cpu, node, cores, load } = machine
  return [
    '## Benchmark',
    '',
    `${date} · \`${command}\` · Node ${node} · ${cpu} · load average before ${load}`,
    '',
    `One login is a start and a redeem; every measured one is verified. ${cores}. CPU is user and system time of the server process; its ratio is the`,
    "median of the rounds' ratios to `limit` in the same round. NODE_ENV=production, except while our provider is constructed: production refuses a vendor",
    'on plain http. Our limit of starts per address is raised, because one address plays all users.',
    '',
    table(
      [
        '',
        'CPU ms/login',
        'x limit (range)',
        'logins/s',
        'p50 ms',
        'p99 ms',
        'upstream calls',
        'store round trips (start/redeem in sequence)',
        'session ops (bare logIn)',
        'verified',
        'doors opened',
        'replays refused',
      ],
      logins.rows.map(loginCells),
    ),
    '',
    ...logins.rows.map(({ name, what }) => `- ${name}: ${what}`),
    ...logins.absent.map(({ name, why }) => `- ${name}: left out, ${why}`),
    '',
    table(
      ['', 'target', 'measured', ''],
      targets.map(({ what, target, measured, met }) => [what, target, measured, met ? 'met' : 'MISSED']),
    ),
    '',
    ...scale.redeems
      .filter(({ name }) => !name.startsWith('ours'))
      .map(
        ({ name, redeems, logins, patches }) =>
          `For comparison, ${redeems} redeems of one flow at once, ${name}: ${logins} logins, ${patches} PATCHes.`,
      ),
    '',
  ].join('\n')
}

/** Two builds side by side. */
export function comparisonTable({
  machine: { date, command, cpu, node, cores },
  commit,
  pairs,
}: {
  machine: Machine
  commit: string
  pairs: readonly Pair[]
}): string {
  return [
    `## This build against ${commit}`,
    '',
    `${date} · \`${command}\` · Node ${node} · ${cpu}. ${cores}. Interleaved rounds; the ratio is the median of the rounds' ratios.`,
    '',
    table(
      ['', 'CPU ms/login before', 'now', 'ratio (range)', 'store calls before', 'now', 'logins of each'],
      pairs.map(({ name, ratio, now, before, measured }) => [
        name,
        before.cpuMsPerLogin.toFixed(3),
        now.cpuMsPerLogin.toFixed(3),
        `${ratio.median.toFixed(3)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`,
        before.storeCalls.toFixed(2),
        now.storeCalls.toFixed(2),
        count(measured),
      ]),
    ),
    '',
  ].join('\n')
}

function loginCells(row: LoginRow): string[] {
  const { storeRoundTrips: trips, sessionOps, doors, replays } = row
  return [
    row.name,
    row.cpuMsPerLogin.toFixed(3),
    times(row),
    row.loginsPerSecond.toFixed(0),
    row.p50Ms.toFixed(1),
    row.p99Ms.toFixed(1),
    row.upstreamCalls.toFixed(2),
    trips ? `${trips.total.toFixed(2)} (${trips.startInSequence}/${trips.redeemInSequence})` : '-',
    sessionOps ? `${sessionOps.total.toFixed(2)} (${sessionOps.ofLogInAlone})` : '-',
    `${count(row.verified)} of ${count(row.measured)}`,
    `${doors.opened} of ${doors.tried}`,
    `${replays.refused} of ${replays.tried}`,
  ]
}

function times({ timesLimit: { median, min, max } }: LoginRow): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
