import { MemoryStore, type Store } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { revokeUser } from '../../src/express/handlers/tokens.js'
import { interceptedStore, refusal } from '../support/flow.js'
import { tokenApp } from '../support/tokens/tokens.js'

test('a store that fails is 503, at every step of every route: never a no, never a yes', async () => {
  let broken: string | undefined
  const seen = new Set<string>()
  const store = interceptedStore(new MemoryStore(), (operation) => {
    seen.add(operation)
    if (operation === broken) throw new Error('SECRET-CANARY of the backend')
  })
  const app = await tokenApp({ settings: { store, checkRevoked: true } })
  const reused = (await app.login()).body.refresh_token
  const { body } = await app.login()
  await app.refresh(reused)
  const steps: [string, string, () => Promise<{ status: number; headers: Headers; body: object }>][] = [
    ['find', 'login', () => app.login()],
    ['insert', 'login', () => app.login()],
    ['find', 'refresh', () => app.refresh(body.refresh_token)],
    ['replace', 'refresh', () => app.refresh(body.refresh_token)],
    ['remove', 'a reused token', () => app.refresh(reused)],
    ['remove', 'logout', () => app.logout(body.refresh_token)],
    ['find', 'a guarded route', () => app.me(body.access_token)],
  ]
  for (const [operation, , call] of steps) {
    broken = operation
    const answer = await call()
    expect([operation, answer.status]).toEqual([operation, 503])
    expect(answer.body).toMatchObject({ code: 'store_unavailable' })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(JSON.stringify(answer.body)).not.toContain('CANARY')
  }
  for (const operation of ['find', 'insert']) {
    broken = operation
    expect(await refusal(revokeUser(app.settings, 'user-1'))).toBe('store_unavailable')
  }
  broken = undefined
  expect(app.events.filter((event) => (event.type as string) === 'store_outage').length).toBeGreaterThanOrEqual(9)
  // Nothing was used up, nothing was ended.
  expect((await app.me(body.access_token)).status).toBe(200)
  expect((await app.refresh(body.refresh_token)).status).toBe(200)
})

test('a store that neither takes nor shows a change is an outage', async () => {
  const inner = new MemoryStore()
  const app = await tokenApp({
    settings: { store: { ...interceptedStore(inner, () => {}), replace: async () => false } },
  })
  expect((await app.refresh((await app.login()).body.refresh_token)).status).toBe(503)
  const full = await tokenApp({
    settings: { store: { ...interceptedStore(inner, () => {}), insert: async () => false } },
  })
  expect((await full.login()).status).toBe(503)
})

test.each(['', 'x', '{}', 'null', '[]', '{"current":"x"}', 'A'.repeat(400)])(
  'a damaged record is a dead login: %j',
  async (damage) => {
    const inner = new MemoryStore()
    let damaged = false
    const store: Store = {
      ...interceptedStore(inner, () => {}),
      async find(key) {
        const found = await inner.find(key)
        return found && damaged && key.startsWith('refresh/') ? { ...found, record: damage } : found
      },
    }
    const app = await tokenApp({ settings: { store } })
    const { body } = await app.login()
    damaged = true
    expect((await app.refresh(body.refresh_token)).status).toBe(401)
  },
)

test("the record of another's login opens nothing", async () => {
  const inner = new MemoryStore()
  const records = new Map<string, string>()
  let swapped = false
  const store: Store = {
    ...interceptedStore(inner, () => {}),
    insert(key, record, ttl) {
      if (key.startsWith('refresh/')) records.set(key, record)
      return inner.insert(key, record, ttl)
    },
    async find(key) {
      const found = await inner.find(key)
      const other = [...records].find(([owner]) => owner !== key)?.[1]
      return found && swapped && other ? { ...found, record: other } : found
    },
  }
  const app = await tokenApp({ settings: { store } })
  const mine = (await app.login('user-1')).body
  await app.login('admin')
  swapped = true
  expect((await app.refresh(mine.refresh_token)).status).toBe(401)
})

test.each(['x', '', 'a~b', '~', 'NaN~NaN'])('a damaged revocation revokes all that came before: %j', async (damage) => {
  const inner = new MemoryStore()
  let damaged = false
  const store: Store = {
    ...interceptedStore(inner, () => {}),
    async find(key) {
      const found = await inner.find(key)
      return found && damaged && key.startsWith('revoked/') ? { ...found, record: damage } : found
    },
  }
  const app = await tokenApp({ settings: { store } })
  await revokeUser(app.settings, 'user-1')
  const { body } = await app.login()
  damaged = true
  expect((await app.refresh(body.refresh_token)).status).toBe(401)
  await revokeUser(app.settings, 'user-1')
})

test('with checkRevoked, a token that cannot be asked about is refused: one that was issued without a store', async () => {
  const before = await tokenApp({ settings: { store: undefined as never } })
  const after = await tokenApp({ settings: { checkRevoked: true } })
  const { body } = await before.login()
  expect((await before.me(body.access_token)).status).toBe(200)
  expect((await after.me(body.access_token)).status).toBe(401)
})

describe('a refresh whose write was done, and its answer lost', () => {
  /** A store that writes and then fails, as one does whose answer comes too late. */
  async function setup(asking: 'answers' | 'fails too') {
    const inner = new MemoryStore()
    let lost = false
    const store: Store = {
      ...interceptedStore(inner, () => {}),
      async find(key) {
        if (lost && asking === 'fails too') throw new Error('too late')
        return inner.find(key)
      },
      async replace(key, version, record) {
        const done = await inner.replace(key, version, record)
        if (lost) throw new Error(`too late: ${done}`)
        return done
      },
    }
    const app = await tokenApp({ settings: { store } })
    return {
      app,
      lose: (on: boolean) => {
        lost = on
      },
    }
  }

  test('is answered all the same, when the store shows what stands', async () => {
    const { app, lose } = await setup('answers')
    const { body } = await app.login()
    lose(true)
    const next = await app.refresh(body.refresh_token)
    expect(next.status).toBe(200)
    lose(false)
    expect((await app.refresh(next.body.refresh_token)).status).toBe(200)
    expect(app.events.filter(({ type }) => type === 'refresh_reused')).toEqual([])
  })

  test('of several at once only one is answered with tokens', async () => {
    const { app, lose } = await setup('answers')
    const { body } = await app.login()
    lose(true)
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.refresh(body.refresh_token)))
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
  })

  test('is an outage when the store does not even say', async () => {
    const { app, lose } = await setup('fails too')
    const { body } = await app.login()
    lose(true)
    expect((await app.refresh(body.refresh_token)).status).toBe(503)
  })
})
