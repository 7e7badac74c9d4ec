import { setTimeout as sleep } from 'node:timers/promises'
import { type Simulator, type SimulatorOptions, startSimulator } from 'passport-phonecheck/simulator'
import { afterAll, beforeAll } from 'vitest'
import { flowKey } from '../../../src/flow/record.js'
import { limits } from '../../../src/limits/numbers.js'
import { type Answer, type AppProcess, full, type Kind, type OwnPlace, ownPlace, startProcess } from './fleet.js'

export interface TwoProcesses {
  readonly sim: Simulator
  readonly place: OwnPlace
  /** The one that dies. */
  readonly victim: AppProcess
  readonly survivor: AppProcess
}

/**
 * Two processes on one store, for the tests of the `describe` this is called in. To be read inside
 * of tests: before them it is empty.
 */
export function twoProcesses(kind: Kind, behaviour: NonNullable<SimulatorOptions['behaviour']> = {}): TwoProcesses {
  const two = {} as { -readonly [Name in keyof TwoProcesses]: TwoProcesses[Name] }
  beforeAll(async () => {
    two.sim = await startSimulator({ behaviour })
    two.place = await ownPlace(kind)
    const begin = () => startProcess(two.place, two.sim.url)
    ;[two.victim, two.survivor] = await Promise.all([begin(), begin()])
  })
  afterAll(async () => {
    await Promise.all([two.victim?.kill(), two.survivor?.kill()])
    await two.place?.drop()
    await two.sim?.close()
  })
  return two
}

/** A request that its process does not live to finish. */
export interface Doomed {
  path: string
  body: object
  parkAt: string
}

/** Sends all requests, and kills the process once each was answered or stands where it should. */
export async function dieAt(victim: AppProcess, requests: readonly Doomed[]): Promise<(Answer | undefined)[]> {
  const settled = new Set<string>(victim.parked)
  const answers = requests.map(async ({ path, body, parkAt }, index) => {
    const answer = await victim.post(path, body, { at: parkAt, id: String(index) }).catch(() => undefined)
    settled.add(String(index))
    return answer
  })
  while (settled.size < requests.length) {
    await sleep(10)
    for (const id of victim.parked) settled.add(id)
  }
  await victim.kill()
  return Promise.all(answers)
}

/** Each request on another process. */
export function again(survivor: AppProcess, requests: readonly Pick<Doomed, 'path' | 'body'>[]): Promise<Answer[]> {
  return Promise.all(requests.map(({ path, body }) => survivor.post(path, body)))
}

/**
 * Until the leases of a process that died at `killedAt` are over. The soak waits for it; the seeded tenth makes the flows older where they are kept, because
 * nobody waits for the same twenty seconds again and again.
 */
export async function leasesEnd(place: OwnPlace, flows: readonly string[], killedAt: number): Promise<void> {
  if (full) await sleep(limits.leaseMs + 500 - (performance.now() - killedAt))
  else await Promise.all(flows.map((flow) => place.age(flowKey(flow), limits.leaseMs)))
}
