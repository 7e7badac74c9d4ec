import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../support/browser.js'
import {
  type AppProcess,
  freshNumber,
  kinds,
  type OwnPlace,
  ownPlace,
  scaled,
  startProcess,
} from '../support/chaos/fleet.js'
import { codeOf } from '../support/chaos/logins.js'
import { describeWith } from '../support/services.js'

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore.concurrent(`a browser whose cookie goes to either of two processes on ${kind}`, () => {
    let sim: Simulator
    let place: OwnPlace
    let one: AppProcess
    let other: AppProcess

    beforeAll(async () => {
      sim = await startSimulator({ behaviour: { reusedCode: 200 } })
      place = await ownPlace(kind)
      ;[one, other] = await Promise.all([startProcess(place, sim.url), startProcess(place, sim.url)])
    })
    afterAll(async () => {
      await Promise.all([one?.kill(), other?.kill()])
      await place?.drop()
      await sim?.close()
    })

    const post = async (browser: Browser, app: AppProcess, path: string, body: object) => {
      const response = await browser.post(app.url + path, body)
      return { status: response.status, body: await response.json() }
    }
    /** A browser that began a login, and what its phone got. */
    async function begin(app: AppProcess, number = freshNumber(), browser = new Browser(app.url), ladder = 'silent') {
      const start = await post(browser, app, `/${ladder}/cookie`, { phone_number: number })
      expect(start.status).toBe(201)
      const end = await sim.phone(number).open(start.body.challenge.url)
      const { code } = ('body' in end ? end.body : {}) as { code: string }
      const check = new URL(start.body.challenge.url).pathname.split('/').at(-2)
      return { browser, number, check, verify: { flow: start.body.flow as string, code } }
    }

    test('ends at one what it began at the other, once, and has no cookie of the flow left', async () => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ] as const) {
        const { browser, verify } = await begin(first)
        expect(browser.cookies.size).toBe(1)
        const cookies = new Map(browser.cookies)
        expect((await post(browser, second, '/silent/verify', verify)).status).toBe(200)
        // Of the flow; the cookie that tells a known device apart stays.
        expect([...browser.cookies.keys()].filter((name) => !name.endsWith('phonecheck-device'))).toEqual([])
        for (const [name, value] of cookies) browser.cookies.set(name, value)
        for (const app of [first, second]) expect((await post(browser, app, '/silent/verify', verify)).status).toBe(401)
      }
    })

    test(`logs in once, however often it asks both at the same time, ${scaled(50)} times`, async () => {
      for (let round = scaled(50); round > 0; round--) {
        const { browser, verify } = await begin(one)
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, n) => post(browser, n % 2 ? one : other, '/silent/verify', verify)),
        )
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
        expect(answers.filter(({ status }) => ![200, 401, 409].includes(status))).toEqual([])
      }
    })

    test('alone can end its login: handle and code are worth nothing at the other process without it', async () => {
      const { browser, check, verify } = await begin(one)
      const thief = (await begin(other)).browser
      const questions = () => sim.count(`PATCH /phone_check/v0.2/checks/${check}`)
      for (const stranger of [thief, new Browser(other.url)]) {
        const refused = await post(stranger, other, '/silent/verify', verify)
        expect(refused).toMatchObject({ status: 401, body: { code: 'flow_invalid' } })
      }
      // The name of the cookie is public; a thief can give it the value of his own.
      const [name = ''] = browser.cookies.keys()
      const [, secret, tag] = [...thief.cookies.values()][0]?.split('.') ?? []
      const forger = new Browser(other.url)
      forger.cookies.set(name, [verify.flow, secret, tag].join('.'))
      expect((await post(forger, other, '/silent/verify', verify)).status).toBe(401)
      expect(questions()).toBe(0)
      expect((await post(browser, other, '/silent/verify', verify)).status).toBe(200)
      expect(questions()).toBe(1)
    })

    test('comes back from the provider to the other process, once, and nobody else does', async () => {
      const browser = new Browser(one.url)
      const number = freshNumber()
      const start = await post(browser, one, '/silent/redirect', { phone_number: number })
      const { location } = await sim.phone(number).browse(start.body.challenge.url)
      const { pathname, search } = new URL(location ?? '')
      const cookies = new Map(browser.cookies)
      const stolen = await new Browser(other.url).navigate(pathname + search)
      expect([stolen.status, stolen.headers.get('location')]).toEqual([303, '/login?phonecheck=flow_invalid'])
      expect((await browser.navigate(other.url + pathname + search)).status).toBe(200)
      for (const [name, value] of cookies) browser.cookies.set(name, value)
      for (const app of [one, other]) {
        const replay = await browser.navigate(app.url + pathname + search)
        expect([replay.status, replay.headers.get('location')]).toEqual([303, '/login?phonecheck=flow_invalid'])
      }
    })

    test('goes to the next rung at one process and ends there at the other', async () => {
      const { browser, number, verify } = await begin(one, freshNumber(), undefined, 'both')
      const { flow } = verify
      const spent = await post(browser, other, '/both/verify', { flow, error: 'sdk_no_data_connectivity' })
      expect(spent).toMatchObject({ status: 422, body: { code: 'rung_unable' } })
      expect((await post(new Browser(one.url), one, '/both/fallback', { flow })).status).toBe(401)
      expect((await post(browser, one, '/both/fallback', { flow })).status).toBe(201)
      expect(browser.cookies.size).toBe(1)
      expect((await post(browser, other, '/both/verify', { flow, code: codeOf(sim, number) })).status).toBe(200)
    })

    test('ends its login although the process where it began was killed', async () => {
      const mortal = await startProcess(place, sim.url)
      const { browser, verify } = await begin(mortal)
      await mortal.kill()
      expect((await post(browser, one, '/silent/verify', verify)).status).toBe(200)
      expect((await post(browser, other, '/silent/verify', verify)).status).toBe(401)
    })
  })
}
