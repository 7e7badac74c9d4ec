import { ServerProcess } from '../child.js'
import type { Vendor } from '../vendor.js'
import { type Face, nextNumber, VirtualUser } from '../virtual-user.js'

export interface ColdStarts {
  starts: number
  succeeded: number
  tokenCalls: number
}

/** Many first logins at once, to a server that has no token yet. */
export async function coldStarts(name: string, face: Face, vendor: Vendor, starts: number): Promise<ColdStarts> {
  const server = await ServerProcess.start(name, vendor.url)
  const users = Array.from({ length: starts }, () => new VirtualUser(server.port, face))
  const tokens = vendor.calls.token
  // Long enough for all of them to be there before it comes.
  vendor.delayMs.token = 300
  const results = await Promise.allSettled(users.map((user) => user.start(nextNumber())))
  vendor.delayMs.token = 0
  for (const user of users) user.close()
  await server.stop()
  const succeeded = results.filter(({ status }) => status === 'fulfilled').length
  return { starts, succeeded, tokenCalls: vendor.calls.token - tokens }
}

export interface RedeemsAtOnce {
  name: string
  redeems: number
  logins: number
  patches: number
}

/** One flow, redeemed by its own starter many times at once, with a vendor who takes his time. */
export async function redeemsAtOnce(name: string, face: Face, vendor: Vendor, redeems: number): Promise<RedeemsAtOnce> {
  const server = await ServerProcess.start(name, vendor.url)
  const users = Array.from({ length: redeems }, () => new VirtualUser(server.port, face))
  // All connections are open and the code is warm, or the first redeem would be over before the last one comes.
  await Promise.all(users.map((user) => user.logIn(nextNumber())))
  const [first] = users
  if (!first) throw new Error('redeemsAtOnce needs users')
  const begun = await first.start(nextNumber())
  const patches = vendor.calls.patch
  vendor.delayMs.patch = 100
  const answers = await Promise.all(users.map((user) => user.redeem(begun)))
  vendor.delayMs.patch = 0
  for (const user of users) user.close()
  await server.stop()
  return {
    name,
    redeems,
    logins: answers.filter(({ status }) => status === 200).length,
    patches: vendor.calls.patch - patches,
  }
}
