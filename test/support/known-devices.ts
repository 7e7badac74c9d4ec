import { fakeClock } from 'passport-phonecheck/testing'
import { expect } from 'vitest'
import { number } from './app.js'
import { Browser } from './browser.js'
import { type Answer, calls, type LadderApp, ladderApp, type Mode, Visitor } from './ladder.js'

export const day = 86_400_000
export const other = '+12025550142'

/** Only our own rules may stop anything here, and everybody has an address of their own. */
export const codeOnly = (mode: Mode = 'cookie + body', strategy = {}, clock = fakeClock()) =>
  ladderApp(
    mode,
    ['idenfy-sms'],
    {
      simulator: { behaviour: { idenfySecondSend: 'accept', idenfyMaxWrongTries: 1_000 } },
      before: (express) => express.set('trust proxy', 'loopback'),
      strategy,
    },
    clock,
  )

let addresses = 0

/** Somebody at an address of their own, who keeps cookies, or the `device` that an app was given. */
export class Person extends Visitor {
  device: string | undefined
  readonly #address: string

  constructor(
    app: LadderApp,
    phoneNumber = number,
    browser = new Browser(app.url),
    address = `198.51.${100 + (addresses >> 8)}.${addresses++ & 255}`,
  ) {
    super(app, phoneNumber, browser)
    this.#address = address
  }

  override post(path: string, body: object): Promise<Answer> {
    const device = path === '/login/phone' && this.device !== undefined ? { device: this.device } : {}
    return super.post(path, { ...body, ...device }, { 'x-forwarded-for': this.#address })
  }

  async logIn(): Promise<Answer> {
    const start = await this.start()
    return start.status === 201 ? this.verify({ code: this.code() }) : start
  }

  wrong = () => this.verify({ code: this.code() === '0000' ? '1111' : '0000' })

  get deviceCookie(): string {
    return this.browser.cookies.get('phonecheck-device') ?? ''
  }
}

/** Wrong codes until the number's code rung is closed for this person; how many there were. */
export async function guessUntilLocked(app: LadderApp, make: () => Person): Promise<number> {
  const before = app.sim.count(calls.verify)
  for (let flow = 0; flow < 40; flow++) {
    const guesser = make()
    const start = await guesser.start()
    if (start.body.code === 'code_locked') return app.sim.count(calls.verify) - before
    if (start.status === 429) await app.clock.advance(start.retryAfter * 1000)
    else for (let tries = 0; tries < 3; tries++) await guesser.wrong()
  }
  throw new Error('never locked')
}

/** A browser that logged in with the number, and all messages of that day forgotten. */
export async function owner(app: LadderApp, phoneNumber = number): Promise<Person> {
  const person = new Person(app, phoneNumber)
  expect((await person.logIn()).status).toBe(200)
  expect(person.deviceCookie).not.toBe('')
  await app.clock.advance(day)
  return person
}

/** The same browser a day later. */
export const again = (person: Person) => new Person(person.app, person.number, person.browser)
