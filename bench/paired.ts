import { ServerProcess } from './child.js'
import { contestants } from './contestants/all.js'
import { earlierBuild } from './earlier-build.js'
import { Crowd, type Round } from './load.js'
import { median } from './numbers.js'
import type { Sizes } from './sizes.js'
import type { Vendor } from './vendor.js'

/** One way to log in, by this build and by an earlier one. */
export interface Pair {
  name: string
  /** Of the rounds' ratios, this build to the earlier one, CPU per login. */
  ratio: { median: number; min: number; max: number }
  /** Medians over the rounds. */
  now: { cpuMsPerLogin: number; storeCalls: number }
  before: { cpuMsPerLogin: number; storeCalls: number }
  /** Logins of each, every one verified. */
  measured: number
}

/**
 * Two builds of this library in interleaved rounds: whatever else the machine does, it does to both.
 * Each round begins with the other one.
 */
export async function measurePairs(
  ref: string,
  sizes: Sizes,
  vendor: Vendor,
  say: (text: string) => void,
): Promise<{ commit: string; pairs: Pair[] }> {
  const { commit, benchmark } = earlierBuild(ref)
  const pairs: Pair[] = []
  for (const contestant of contestants) {
    const { name, face, onDatabase } = contestant
    if (!name.startsWith('ours') || (onDatabase && !sizes.databases) || (await contestant.absent?.())) continue
    const sides = await Promise.all(
      [undefined, benchmark].map(async (at) => {
        const server = await ServerProcess.start(name, vendor.url, 0, at)
        const crowd = new Crowd(server, vendor, face, sizes.users)
        return { server, crowd, rounds: [] as Round[] }
      }),
    )
    for (const { crowd } of sides) await crowd.run(sizes.warmup)
    for (let round = 0; round < sizes.rounds; round++) {
      for (const side of round % 2 ? sides.toReversed() : sides) side.rounds.push(await side.crowd.run(sizes.logins))
    }
    for (const { crowd, server } of sides) {
      crowd.close()
      await server.stop()
    }
    const [now = [], before = []] = sides.map(({ rounds }) => rounds)
    const ratios = now.map(({ cpuMs }, index) => cpuMs / (before[index]?.cpuMs ?? Number.NaN))
    pairs.push({
      name,
      ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
      now: costOf(now),
      before: costOf(before),
      measured: now.reduce((total, { logins }) => total + logins, 0),
    })
    say(`${name} is compared`)
  }
  return { commit, pairs }
}

function costOf(rounds: readonly Round[]): Pair['now'] {
  return {
    cpuMsPerLogin: median(rounds.map(({ cpuMs }) => cpuMs)),
    storeCalls: median(rounds.map(({ storeCalls }) => storeCalls)),
  }
}
