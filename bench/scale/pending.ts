import { ServerProcess } from '../child.js'
import { Crowd } from '../load.js'
import { median } from '../numbers.js'
import type { Sizes } from '../sizes.js'
import type { Vendor } from '../vendor.js'

export interface PendingCost {
  few: number
  many: number
  cpuMsFew: number
  cpuMsMany: number
  /** Median of the rounds' ratios. */
  ratio: number
}

/** The same server twice, once with few flows in its store and once with many. */
export async function pendingCost(name: string, sizes: Sizes, vendor: Vendor): Promise<PendingCost> {
  const { few, many } = sizes.pending
  const [small, large] = await Promise.all([few, many].map((flows) => contender(name, flows, sizes, vendor)))
  if (!small || !large) throw new Error('two servers were asked for')
  for (const { crowd } of [small, large]) await crowd.run(sizes.pendingWarmup)
  const costs: { small: number; large: number }[] = []
  for (let round = 0; round < sizes.pendingRounds; round++) {
    const order = round % 2 === 0 ? [small, large] : [large, small]
    const cost = new Map<object, number>()
    for (const one of order) cost.set(one, (await one.crowd.run(sizes.logins)).cpuMs)
    costs.push({ small: cost.get(small) ?? Number.NaN, large: cost.get(large) ?? Number.NaN })
  }
  for (const { crowd, server } of [small, large]) {
    crowd.close()
    await server.stop()
  }
  return {
    few,
    many,
    cpuMsFew: median(costs.map((cost) => cost.small)),
    cpuMsMany: median(costs.map((cost) => cost.large)),
    ratio: median(costs.map((cost) => cost.large / cost.small)),
  }
}

async function contender(name: string, flows: number, sizes: Sizes, vendor: Vendor) {
  const server = await ServerProcess.start(name, vendor.url, flows)
  return { server, crowd: new Crowd(server, vendor, 'session', sizes.users) }
}
