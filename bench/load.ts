import type { ServerProcess } from './child.js'
import type { Calls, Vendor } from './vendor.js'
import type { Face, VirtualUser } from './virtual-user.js'
import { nextNumber, VirtualUser as User } from './virtual-user.js'

/** What one contestant did in one round. Per login, unless it says otherwise. */
export interface Round {
  /** Of logins that were verified: all of them, or the benchmark ends. */
  logins: number
  cpuMs: number
  loginsPerSecond: number
  /** Milliseconds of each login, start and redeem. */
  latencies: number[]
  upstreamCalls: number
  storeCalls: number
  sessionOps: number
}

export class Crowd {
  readonly #users: readonly VirtualUser[]
  readonly #server: ServerProcess
  readonly #vendor: Vendor

  constructor(server: ServerProcess, vendor: Vendor, face: Face, users: number) {
    this.#server = server
    this.#vendor = vendor
    this.#users = Array.from({ length: users }, () => new User(server.port, face))
  }

  /**
   * Lets the users log in, one login at a time each, until there were `logins`.
   * @throws Error when one of them is not verified
   */
  async run(logins: number): Promise<Round> {
    const latencies: number[] = []
    let begun = 0
    const calls = total(this.#vendor.calls)
    const before = await this.#server.usage()
    const from = performance.now()
    await Promise.all(
      this.#users.map(async (user) => {
        while (begun < logins) {
          begun += 1
          const start = performance.now()
          await user.logIn(nextNumber())
          latencies.push(performance.now() - start)
        }
      }),
    )
    const seconds = (performance.now() - from) / 1000
    const after = await this.#server.usage()
    return {
      logins,
      cpuMs: (after.cpuMs - before.cpuMs) / logins,
      loginsPerSecond: logins / seconds,
      latencies,
      upstreamCalls: (total(this.#vendor.calls) - calls) / logins,
      storeCalls: (after.storeCalls - before.storeCalls) / logins,
      sessionOps: (after.sessionOps - before.sessionOps) / logins,
    }
  }

  /** Tries to use every user's last login again, and whether it really opened a door. Outside what is measured. */
  async check(): Promise<{ users: number; loggedIn: number; replaysRefused: number }> {
    const patches = this.#vendor.calls.patch
    const loggedIn = await Promise.all(this.#users.map((user) => user.isLoggedIn()))
    const refused = await Promise.all(this.#users.map((user) => user.isReplayRefused()))
    if (this.#vendor.calls.patch !== patches) throw new Error(`${this.#server.name} asked the vendor about a replay`)
    return {
      users: this.#users.length,
      loggedIn: loggedIn.filter(Boolean).length,
      replaysRefused: refused.filter(Boolean).length,
    }
  }

  close(): void {
    for (const user of this.#users) user.close()
  }
}

function total({ token, create, patch }: Calls): number {
  return token + create + patch
}
