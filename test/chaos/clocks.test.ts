import { idenfySms } from 'passport-phonecheck'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flowKey } from '../../src/flow/record.js'
import { systemClock } from '../../src/lib/clock.js'
import { LoginLimiter } from '../../src/limits/login-limiter.js'
import { limits } from '../../src/limits/numbers.js'
import { type AppProcess, freshNumber, kinds, type OwnPlace, ownPlace, startProcess } from '../support/chaos/fleet.js'
import { began, beginCode, beginSilent } from '../support/chaos/logins.js'
import { describeWith } from '../support/services.js'

const tenMinutes = 600_000

for (const kind of kinds) {
  const describeStore = await describeWith(kind)
  describeStore.concurrent(`two processes on ${kind} whose clocks are twenty minutes apart agree`, () => {
    let sim: Simulator
    let place: OwnPlace
    let early: AppProcess
    let late: AppProcess

    beforeAll(async () => {
      sim = await startSimulator({ behaviour: { idenfySecondSend: 'accept' } })
      place = await ownPlace(kind)
      ;[early, late] = await Promise.all([
        startProcess(place, sim.url, { clockOffsetMs: -tenMinutes }),
        startProcess(place, sim.url, { clockOffsetMs: tenMinutes }),
      ])
    })
    afterAll(async () => {
      await Promise.all([early?.kill(), late?.kill()])
      await place?.drop()
      await sim?.close()
    })
    const bothWays = () => [
      [early, late],
      [late, early],
    ]

    test('that a login begun by one can be finished by the other', async () => {
      for (const [one, other] of bothWays() as [AppProcess, AppProcess][]) {
        for (const begin of [beginSilent, beginCode]) {
          const { path, body } = await begin(sim, one, freshNumber())
          expect((await other.post(path, body)).status).toBe(200)
        }
      }
    })

    test('when a login has expired', async () => {
      const begun = await Promise.all(bothWays().map(([one]) => beginSilent(sim, one as AppProcess, freshNumber())))
      const states = async () => {
        const asked = begun.flatMap(({ flow }) => [early, late].map((app) => app.post('/silent/status', { flow })))
        return (await Promise.all(asked)).map(({ status, body }) => body['state'] ?? `${status} ${body.code}`)
      }
      expect(await states()).toEqual(Array(4).fill('pending'))
      await Promise.all(begun.map(({ flow }) => place.age(flowKey(flow), tenMinutes)))
      expect(await states()).toEqual(Array(4).fill('401 flow_invalid'))
      for (const { path, body } of begun) {
        for (const app of [early, late])
          expect(await app.post(path, body)).toMatchObject({ status: 401, body: { code: 'flow_invalid' } })
      }
    })

    test('when the next message may be sent', async () => {
      for (const [one, other] of bothWays() as [AppProcess, AppProcess][]) {
        const { flow } = began(await one.post('/code', { phone_number: freshNumber() }))
        for (const app of [other, one]) {
          const answer = await app.post('/code/resend', { flow })
          expect(answer).toMatchObject({ status: 429, body: { code: 'cooldown' } })
          expect(answer.retryAfter).toBeGreaterThan(limits.resendAfterSeconds / 2)
          expect(answer.retryAfter).toBeLessThanOrEqual(limits.resendAfterSeconds)
        }
      }
    })

    test('when a number has had its messages, and until when', async () => {
      const number = freshNumber()
      for (const app of [early, late, early]) began(await app.post('/code', { phone_number: number }))
      for (const app of [early, late]) {
        const answer = await app.post('/code', { phone_number: number })
        expect(answer).toMatchObject({ status: 429, body: { code: 'number_limit' } })
        expect(answer.retryAfter).toBeGreaterThan(300)
        expect(answer.retryAfter).toBeLessThanOrEqual(600)
      }
    })

    test('that a number is locked after ten wrong codes, and until when', async () => {
      const number = freshNumber()
      const { path, body } = await beginCode(sim, late, number)
      const gate = new LoginLimiter({
        strategyName: 'phonecheck',
        store: place.store,
        clock: systemClock,
        secret: 'a-test-secret-of-at-least-32-bytes',
        emit: () => {},
        limits: { failedVerifiesPerAddress: 1e6 },
      })
      const rung = idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret', senderName: 'Acme' })
      for (let guess = 1; guess <= 9; guess++)
        await gate.consumeAttempt(rung, { number: gate.hashNumber(number) }, { address: '127.0.0.1' })
      const wrong = body.code === '0000' ? '1111' : '0000'
      expect(await early.post(path, { ...body, code: wrong })).toMatchObject({
        status: 401,
        body: { code: 'invalid_code' },
      })
      for (const app of [early, late]) {
        for (const refused of [await app.post(path, body), await app.post('/code', { phone_number: number })]) {
          expect(refused).toMatchObject({ status: 429, body: { code: 'code_locked' } })
          expect(refused.retryAfter).toBeGreaterThan(86_000)
          expect(refused.retryAfter).toBeLessThanOrEqual(86_400)
        }
      }
      await rung.close?.()
    })
  })
}
