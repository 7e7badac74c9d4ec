import { setTimeout as sleep } from 'node:timers/promises'
import type { Simulator } from 'passport-phonecheck/simulator'
import type { FaultProxy } from '../fault-proxy.js'
import { calls } from '../ladder.js'
import type { AppProcess } from './fleet.js'

export interface Battlefield {
  /** Spoils calls to the vendor. */
  fault: Simulator['fault']
  proxy: FaultProxy
  /** Kills one process and puts another one in its place. */
  replaceOne(): Promise<void>
}

type Trouble = (field: Battlefield, random: (below: number) => number) => unknown

const times = (random: (below: number) => number) => ({ times: 1 + random(3) })

/** What goes wrong, each a while apart. None lasts so long that the breakers open for everybody. */
const troubles: Record<string, Trouble> = {
  'the PATCH is lost before it arrives': ({ fault }, random) =>
    fault({ match: calls.patch, reset: 'before', ...times(random) }),
  'the answer to a PATCH is lost': ({ fault }, random) =>
    fault({ match: calls.patch, reset: 'after', ...times(random) }),
  'a PATCH is slow': ({ fault }, random) => fault({ match: calls.patch, delayMs: 300 + random(700), ...times(random) }),
  'a PATCH is a 500': ({ fault }, random) => fault({ match: calls.patch, status: 500, ...times(random) }),
  'a create is a 503': ({ fault }, random) => fault({ match: calls.create, status: 503, ...times(random) }),
  'a code is judged, and the answer lost': ({ fault }) => fault({ match: calls.verify, reset: 'after', times: 1 }),
  'the store drops a connection': ({ proxy }, random) =>
    proxy.resetAt(1 + random(20), random(2) === 0 ? 'before' : 'after'),
  'the store is away': async ({ proxy }, random) => {
    proxy.down()
    await sleep(50 + random(200))
    proxy.heal()
  },
  'the store hangs': async ({ proxy }, random) => {
    proxy.hang()
    await sleep(50 + random(300))
    proxy.heal()
  },
  // Rarely: the one in its place takes a second of a core to begin.
  'a process is killed': ({ replaceOne }, random) => (random(3) === 0 ? replaceOne() : undefined),
}

/**
 * Makes trouble each time that `every` more logins have ended, not by the clock: it would pile up
 * while nobody gets on, and open every breaker for good.
 * @returns how often each kind was made
 */
export async function makeTrouble(
  field: Battlefield,
  random: (below: number) => number,
  every: number,
  logins: () => number,
  stopped: () => boolean,
): Promise<Record<string, number>> {
  const made: Record<string, number> = {}
  const names = Object.keys(troubles)
  let next = logins()
  while (!stopped()) {
    await sleep(20)
    if (logins() < next) continue
    next += every
    const name = names[random(names.length)] ?? ''
    await troubles[name]?.(field, random)
    made[name] = (made[name] ?? 0) + 1
  }
  field.proxy.heal()
  return made
}

/** Processes of which some stay and some are replaced as they die. */
export class Fleet {
  readonly steady: readonly AppProcess[]
  readonly #mortal: AppProcess[]
  readonly #start: () => Promise<AppProcess>

  constructor(steady: readonly AppProcess[], mortal: readonly AppProcess[], start: () => Promise<AppProcess>) {
    this.steady = steady
    this.#mortal = [...mortal]
    this.#start = start
  }

  pick(random: (below: number) => number): AppProcess {
    const all = [...this.steady, ...this.#mortal]
    return all[random(all.length)] ?? all[0] ?? fail()
  }

  async replaceOne(random: (below: number) => number): Promise<void> {
    const place = random(this.#mortal.length)
    await this.#mortal[place]?.kill()
    // The store may be in trouble as well; a supervisor would try again.
    for (let tries = 0; tries < 5; tries++) {
      const born = await this.#start().catch(() => undefined)
      if (!born) continue
      this.#mortal[place] = born
      return
    }
    fail()
  }

  async kill(): Promise<void> {
    await Promise.all([...this.steady, ...this.#mortal].map((one) => one.kill()))
  }
}

function fail(): never {
  throw new Error('there is no process')
}
