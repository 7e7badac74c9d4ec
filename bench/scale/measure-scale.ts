import { messageOf, spawnPinned } from '../child.js'
import { handWritten } from '../contestants/hand-written.js'
import { oursWithSession } from '../contestants/ours.js'
import { oursWithJwt } from '../contestants/ours-jwt.js'
import type { Sizes } from '../sizes.js'
import type { Vendor } from '../vendor.js'
import { type ColdStarts, coldStarts, type RedeemsAtOnce, redeemsAtOnce } from './bursts.js'
import { type PendingCost, pendingCost } from './pending.js'
import type { ExpiryBlock, FlowBytes, StoreQuestion, Traffic } from './store-load.js'

export interface Scale {
  bytes: FlowBytes
  pending: PendingCost
  /** The one in the middle of several, by its work. */
  expiry: ExpiryBlock
  cold: ColdStarts
  redeems: RedeemsAtOnce[]
  traffic: Traffic
}

export async function measureScale(sizes: Sizes, vendor: Vendor, say: (text: string) => void): Promise<Scale> {
  const cold = await coldStarts(oursWithSession.name, oursWithSession.face, vendor, sizes.coldStarts)
  say('cold starts')
  const redeems: RedeemsAtOnce[] = []
  for (const { name, face, absent } of [handWritten, oursWithSession, oursWithJwt]) {
    if ((await absent?.()) === undefined) redeems.push(await redeemsAtOnce(name, face, vendor, sizes.redeemsAtOnce))
  }
  say('redeems at once')
  const bytes = await ask<FlowBytes>('bytes', sizes.flows)
  say('bytes per flow')
  const blocks: ExpiryBlock[] = []
  for (let turn = 0; turn < sizes.expiries; turn++) blocks.push(await ask<ExpiryBlock>('expiry', sizes.expiring))
  blocks.sort((a, b) => a.cpuMs - b.cpuMs)
  const expiry = blocks[Math.floor(blocks.length / 2)]
  if (!expiry) throw new Error('nothing expired')
  say('expiry')
  const traffic = await ask<Traffic>('traffic', sizes.traffic.seconds, sizes.traffic.startsPerSecond)
  say('an hour of traffic')
  const pending = await pendingCost(oursWithSession.name, sizes, vendor)
  say('pending flows')
  return { bytes, pending, expiry, cold, redeems, traffic }
}

function ask<Answer>(question: StoreQuestion, ...values: number[]): Promise<Answer> {
  return messageOf<Answer>(spawnPinned('./scale/store-load.js', [question, ...values.map(String)], ['--expose-gc']))
}
