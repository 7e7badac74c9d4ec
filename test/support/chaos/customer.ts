import { setTimeout as sleep } from 'node:timers/promises'
import type { Simulator } from 'passport-phonecheck/simulator'
import { flowKey } from '../../../src/flow/record.js'
import { type Answer, type AppProcess, freshNumber, type OwnPlace } from './fleet.js'
import { codeOf } from './logins.js'

export interface Surroundings {
  sim: Simulator
  place: OwnPlace
  /** Any process that is up now, as a load balancer would choose. */
  app(): AppProcess
  /** When to give up for now. */
  until: number
}

/** What a client calls a connection that ends before the answer. */
const broken = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']

const kinds = ['silent', 'mo', 'both'] as const

/** Somebody who proves to have the SIM, repeats whatever gets no answer, and counts what it led to. */
export class Customer {
  readonly number = freshNumber()
  readonly ladder: (typeof kinds)[number]
  flow: string | undefined
  /** Answers that were a login. */
  logins = 0
  /** Requests that were under way when their process died. */
  cut = 0
  isOver = false
  #device: object = {}

  constructor(random: (below: number) => number) {
    this.ladder = kinds[random(kinds.length)] ?? 'silent'
  }

  /** Goes on from where it is, until the login is over or time is. */
  async run(world: Surroundings): Promise<void> {
    while (this.flow === undefined && performance.now() < world.until) await this.#begin(world)
    if (this.ladder === 'both') await this.#askForCode(world)
    while (!this.isOver && performance.now() < world.until) {
      const attempts = await Promise.all(
        [1, 2].map(() => this.#post(world, 'verify', { flow: this.flow, ...this.#device })),
      )
      for (const answer of attempts) this.#hear(answer)
      if (!this.isOver) await sleep(20)
    }
  }

  async #begin(world: Surroundings): Promise<void> {
    const { sim, place } = world
    const phone = sim.phone(this.number)
    const started = await this.#post(world, '', { phone_number: this.number })
    if (started?.status !== 201) return
    const { flow, challenge } = started.body
    this.flow = flow
    if (this.ladder === 'silent') {
      const end = await phone.open(challenge.url)
      this.#device = { code: Reflect.get(Object('body' in end ? end.body : {}), 'code') }
    }
    if (this.ladder === 'mo') {
      await phone.send(challenge.to, challenge.body)
      await place.age(flowKey(flow), 3000)
    }
  }

  /** The phone has no data, so a message has to come; whoever gets no answer asks again. */
  async #askForCode(world: Surroundings): Promise<void> {
    const { flow } = this
    const code = () => codeOf(world.sim, this.number)
    while (!this.isOver && code() === '' && performance.now() < world.until) {
      const spent = await this.#post(world, 'verify', { flow, error: 'sdk_no_data_connectivity' })
      const next = spent?.status === 422 ? await this.#post(world, 'fallback', { flow }) : undefined
      // Charged, and its process died before it sent anything: only a resend goes on, and that is minutes away.
      if (next?.body.code === 'ladder_exhausted') this.isOver = true
      await sleep(20)
    }
    this.#device = { code: code() }
  }

  #hear(answer: Answer | undefined): void {
    if (answer?.status === 200) this.logins += 1
    const isDead = answer?.status === 200 || answer?.body.code === 'flow_invalid'
    // A process that died with the provider's yes has used the code up, or left the rung without a
    // check: the next message goes on from there.
    if (isDead || answer?.body.code === 'invalid_code' || answer?.body.code === 'rung_unable') this.isOver = true
  }

  async #post(world: Surroundings, step: string, body: object): Promise<Answer | undefined> {
    try {
      return await world.app().post(`/${this.ladder}${step && `/${step}`}`, body)
    } catch (error) {
      // Not the ones that found nobody to connect to.
      if (broken.includes(Object(error).code)) this.cut += 1
      return undefined
    }
  }
}
