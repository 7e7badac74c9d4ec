import { randomUUID } from 'node:crypto'
import type { Store } from 'passport-phonecheck'
import type { StoreSubject } from 'passport-phonecheck/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { revokeUser } from '../../../src/express/handlers/tokens.js'
import type { JwtSettings } from '../../../src/tokens/settings.js'
import { type Answer, payloadOf, type TokenApp, tokenApp } from './tokens.js'

const statuses = (answers: Answer[]) => answers.map(({ status }) => status).sort()
const times = (count: number, status: number) => Array<number>(count).fill(status)
const someone = () => `user-${randomUUID()}`
const reused = (app: TokenApp) => app.events.filter(({ type }) => type === 'refresh_reused')

/**
 * What refresh tokens promise, on any store. Times are long beside what a busy machine needs between two steps.
 * @param subject with `advance`, so that nothing waits
 */
export function refreshSuite(name: string, subject: StoreSubject & Required<Pick<StoreSubject, 'advance'>>): void {
  async function open(opening: () => Store | Promise<Store>): Promise<Store> {
    const store = await opening()
    onTestFinished(async () => subject.cleanup?.(store))
    return store
  }
  async function start(settings: Partial<JwtSettings> = {}): Promise<TokenApp> {
    return tokenApp({ settings: { store: await open(() => subject.create()), ...settings } })
  }
  const pass = (seconds: number) => subject.advance(seconds * 1000)

  describe(`refresh tokens on ${name}`, () => {
    test('each one is good once and brings the next, of the same login', async () => {
      const app = await start()
      const id = someone()
      let { body } = await app.login(id)
      const first = payloadOf(body.access_token)
      for (let round = 0; round < 5; round++) {
        const next = await app.refresh(body.refresh_token)
        expect(next.status).toBe(200)
        expect(next.headers.get('cache-control')).toBe('no-store')
        expect(next.body).toMatchObject({ token_type: 'Bearer', expires_in: 600 })
        expect(next.body.refresh_token).not.toBe(body.refresh_token)
        expect((await app.me(next.body.access_token)).body.sub).toBe(id)
        const { sid, jti } = payloadOf(next.body.access_token)
        expect(sid).toBe(first['sid'])
        expect(jti).not.toBe(first['jti'])
        body = next.body
      }
    })

    test('20 at once: one wins, and because the token was used twice its login is over', async () => {
      const app = await start()
      const id = someone()
      const { body } = await app.login(id)
      const answers = await Promise.all(Array.from({ length: 20 }, () => app.refresh(body.refresh_token)))
      expect(statuses(answers)).toEqual([200, ...times(19, 401)])
      const winner = answers.find(({ status }) => status === 200)
      expect((await app.refresh(winner?.body.refresh_token)).status).toBe(401)
      expect(reused(app)[0]).toEqual({
        type: 'refresh_reused',
        family: payloadOf(body.access_token)['sid'],
        subject: id,
      })
    })

    test('20 at once with a grace: one rotation, the same answer for all', async () => {
      const app = await start({ refreshGraceSeconds: 10 })
      const { body } = await app.login(someone())
      const answers = await Promise.all(Array.from({ length: 20 }, () => app.refresh(body.refresh_token)))
      expect(statuses(answers)).toEqual(times(20, 200))
      expect(new Set(answers.map((answer) => answer.body.refresh_token)).size).toBe(1)
      expect((await app.refresh(answers[0]?.body.refresh_token)).status).toBe(200)
      expect(reused(app)).toEqual([])
    })

    test.each([1, 2, 5])('a token that was used %d refreshes ago kills the newest too', async (rotations) => {
      const app = await start()
      const id = someone()
      const stolen = (await app.login(id)).body.refresh_token
      let newest = stolen
      for (let round = 0; round < rotations; round++) newest = (await app.refresh(newest)).body.refresh_token
      const reuse = await app.refresh(stolen)
      expect(reuse.status).toBe(401)
      expect(reuse.body.code).toBe('token_invalid')
      expect((await app.refresh(newest)).status).toBe(401)
      expect((await app.refresh(stolen)).status).toBe(401)
      expect(reused(app)).toEqual([{ type: 'refresh_reused', family: expect.any(String), subject: id }])
    })

    test('a reuse ends that login alone', async () => {
      const app = await start()
      const id = someone()
      const [phone, tablet] = [(await app.login(id)).body, (await app.login(id)).body]
      await app.refresh(phone.refresh_token)
      await app.refresh(phone.refresh_token)
      expect((await app.refresh(tablet.refresh_token)).status).toBe(200)
    })

    test('a grace is short, and for the last token only', async () => {
      const app = await start({ refreshGraceSeconds: 30 })
      const first = (await app.login(someone())).body.refresh_token
      const second = (await app.refresh(first)).body.refresh_token
      expect((await app.refresh(first)).body.refresh_token).toBe(second)
      await pass(30)
      expect((await app.refresh(first)).status).toBe(401)
      expect((await app.refresh(second)).status).toBe(401)

      const old = (await app.login(someone())).body.refresh_token
      const next = (await app.refresh(old)).body.refresh_token
      const newest = (await app.refresh(next)).body.refresh_token
      expect((await app.refresh(old)).status).toBe(401)
      expect((await app.refresh(newest)).status).toBe(401)
    })

    test('idle: between two refreshes', async () => {
      const app = await start({ refreshIdleSeconds: 4_000, refreshAbsoluteSeconds: 60_000 })
      let { body } = await app.login(someone())
      for (let round = 0; round < 2; round++) {
        await pass(2_500)
        const next = await app.refresh(body.refresh_token)
        expect(next.status).toBe(200)
        body = next.body
      }
      await pass(4_000)
      expect((await app.refresh(body.refresh_token)).status).toBe(401)
      expect(reused(app)).toEqual([])
    })

    test('absolute: however busy', async () => {
      const app = await start({ refreshIdleSeconds: 4_000, refreshAbsoluteSeconds: 6_000 })
      let { body } = await app.login(someone())
      for (let round = 0; round < 2; round++) {
        await pass(2_000)
        const next = await app.refresh(body.refresh_token)
        expect(next.status).toBe(200)
        body = next.body
      }
      await pass(2_000)
      expect((await app.refresh(body.refresh_token)).status).toBe(401)
    })

    test('logout ends the login, with any of its tokens, as often as asked', async () => {
      const app = await start()
      const id = someone()
      const [mine, other] = [(await app.login(id)).body, (await app.login(id)).body]
      const newest = (await app.refresh(mine.refresh_token)).body.refresh_token
      const { status, headers } = await app.logout(mine.refresh_token)
      expect(status).toBe(204)
      expect(headers.get('cache-control')).toBe('no-store')
      expect((await app.refresh(newest)).status).toBe(401)
      expect((await app.logout(newest)).status).toBe(204)
      expect((await app.refresh(other.refresh_token)).status).toBe(200)
      expect(reused(app)).toEqual([])
    })

    test('revokeUser ends all logins of the user until now, and nothing else', async () => {
      const app = await start()
      const [id, neighbour] = [someone(), someone()]
      const [a, b, c] = [(await app.login(id)).body, (await app.login(id)).body, (await app.login(neighbour)).body]
      await revokeUser(app.settings, id)
      expect(app.events.at(-1)).toEqual({ type: 'user_revoked', user: expect.stringMatching(/^[\w-]{22}$/) })
      expect((await app.refresh(a.refresh_token)).status).toBe(401)
      expect((await app.refresh(b.refresh_token)).status).toBe(401)
      expect((await app.refresh(c.refresh_token)).status).toBe(200)

      let again = (await app.login(id)).body
      for (let round = 0; round < 3; round++) {
        const next = await app.refresh(again.refresh_token)
        expect(next.status).toBe(200)
        again = next.body
      }
      await revokeUser(app.settings, id)
      expect((await app.refresh(again.refresh_token)).status).toBe(401)
      expect((await app.refresh((await app.login(id)).body.refresh_token)).status).toBe(200)
    })

    test('20 revocations at once are one', async () => {
      const app = await start()
      const id = someone()
      const before = (await app.login(id)).body
      await Promise.all(Array.from({ length: 20 }, () => revokeUser(app.settings, id)))
      expect((await app.refresh(before.refresh_token)).status).toBe(401)
      expect((await app.refresh((await app.login(id)).body.refresh_token)).status).toBe(200)
    })

    test('by default an access token lives until it expires; with checkRevoked it ends with its login', async () => {
      const store = await open(() => subject.create())
      const lenient = await start({ store })
      const strict = await start({ store, checkRevoked: true })
      const id = someone()
      const [out, robbed, revoked, kept] = [
        (await strict.login(id)).body,
        (await strict.login(id)).body,
        (await strict.login(id)).body,
        (await strict.login(someone())).body,
      ]
      const both = async (token: string) => [(await lenient.me(token)).status, (await strict.me(token)).status]
      expect(await both(out.access_token)).toEqual([200, 200])
      await strict.logout(out.refresh_token)
      expect(await both(out.access_token)).toEqual([200, 401])
      const fresh = (await strict.refresh(robbed.refresh_token)).body.access_token
      expect(await both(fresh)).toEqual([200, 200])
      await strict.refresh(robbed.refresh_token)
      expect(await both(fresh)).toEqual([200, 401])
      expect(await both(revoked.access_token)).toEqual([200, 200])
      await revokeUser(lenient.settings, id)
      expect(await both(revoked.access_token)).toEqual([200, 401])
      expect(await both((await strict.login(id)).body.access_token)).toEqual([200, 200])
      expect(await both(kept.access_token)).toEqual([200, 200])
      expect(strict.events.filter((event) => event.type === 'token_refused')).toEqual(
        times(3, 0).map(() => ({ type: 'token_refused', reason: 'revoked' })),
      )
    })

    test.runIf(subject.another)('two processes: one wins, and each sees what the other ended', async () => {
      const one = await start()
      const two = await start({ store: await open(() => subject.another?.() as Store) })
      const id = someone()
      const { body } = await one.login(id)
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, turn) => (turn % 2 ? one : two).refresh(body.refresh_token)),
      )
      expect(statuses(answers)).toEqual([200, ...times(19, 401)])
      const later = (await one.login(id)).body
      await revokeUser(two.settings, id)
      expect((await one.refresh(later.refresh_token)).status).toBe(401)
    })
  })
}
