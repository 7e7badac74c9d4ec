import { describe, expect, test } from 'vitest'
import type { TokenEvent } from '../../src/contracts/events.js'
import type { Store } from '../../src/contracts/store.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'
import type { Grant } from '../../src/tokens/claims.js'
import { FamilyLists } from '../../src/tokens/family-list.js'
import { tokenInvalid } from '../../src/tokens/problem.js'
import { type FamilyRules, RefreshFamilies } from '../../src/tokens/refresh-families.js'
import { noEpochs, Revocations } from '../../src/tokens/revocations.js'

const grant: Grant = { subject: 'user', acr: 'high', amr: ['phonecheck'], authTime: 1, epochs: noEpochs }
const yes = async () => true as const

function setup(wrap: (store: Store) => Store = (store) => store) {
  const clock = fakeClock()
  const store = wrap(new MemoryStore({ clock }))
  const events: TokenEvent[] = []
  const families = (rules: Partial<FamilyRules> = {}) =>
    new RefreshFamilies({
      store,
      issuer: 'issuer',
      audience: 'audience',
      revocations: new Revocations(store, 'a-test-secret-of-at-least-32-bytes', 'issuer'),
      idleSeconds: 1_000,
      absoluteSeconds: 10_000,
      graceSeconds: 0,
      emit: (event) => events.push(event),
      ...rules,
    })
  return { clock, store, events, families }
}

const good = async (families: RefreshFamilies, token: string) =>
  families.rotate(token, yes).then(
    ({ refreshToken }) => refreshToken,
    (error: { code?: string }) => error.code,
  )

describe('a grace', () => {
  test('begins with the refresh, whenever that was', async () => {
    const { clock, families } = setup()
    const all = families({ graceSeconds: 30 })
    const { refreshToken } = await all.issue(grant)
    await clock.advance(100_000)
    const next = await good(all, refreshToken)
    await clock.advance(29_999)
    expect(await good(all, refreshToken)).toBe(next)
    await clock.advance(1)
    expect(await good(all, refreshToken)).toBe('token_invalid')
  })

  test('is not prolonged by whoever asks again', async () => {
    const { clock, families } = setup()
    const all = families({ graceSeconds: 30 })
    const { refreshToken } = await all.issue(grant)
    const next = await good(all, refreshToken)
    await clock.advance(20_000)
    expect(await good(all, refreshToken)).toBe(next)
    await clock.advance(20_000)
    expect(await good(all, refreshToken)).toBe('token_invalid')
  })

  test('that is set later opens nothing for tokens that were used before', async () => {
    const { events, families } = setup()
    const { refreshToken } = await families().issue(grant)
    await good(families(), refreshToken)
    expect(await good(families({ graceSeconds: 60 }), refreshToken)).toBe('token_invalid')
    expect(events).toMatchObject([{ type: 'refresh_reused' }])
  })
})

test('a token with something behind it is none, and costs the login nothing', async () => {
  const { families } = setup()
  const all = families()
  const { refreshToken } = await all.issue(grant)
  expect(await good(all, `${refreshToken}.x`)).toBe('token_invalid')
  expect(await good(all, `${refreshToken}.`)).toBe('token_invalid')
  expect(await good(all, refreshToken)).toMatch(/^[\w-]{43}\.[\w-]{43}$/)
})

test("20 logins at one audience end none of the user's at another", async () => {
  const { families } = setup()
  const [shop, admin] = [families({ audience: 'shop' }), families({ audience: 'admin' })]
  const first = await shop.issue(grant)
  for (let index = 0; index < 20; index++) await admin.issue(grant)
  for (let index = 0; index < 19; index++) await shop.issue(grant)
  expect(await shop.isLive(first.sid)).toBe(true)
  await shop.issue(grant)
  expect(await shop.isLive(first.sid)).toBe(false)
})

describe('a store', () => {
  test('that neither takes nor shows a change is asked twice and no more', async () => {
    let finds = 0
    const { families } = setup((store) => ({
      insert: (...args) => store.insert(...args),
      find(key) {
        if (key.startsWith('refresh/')) finds++
        return store.find(key)
      },
      replace: async () => false,
      remove: (key) => store.remove(key),
      count: (hits) => store.count(hits),
    }))
    const { refreshToken } = await families().issue(grant)
    await expect(families().rotate(refreshToken, yes)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('neither takes nor shows'),
    })
    expect(finds).toBe(2)
  })

  test('that says a new login exists already begins none', async () => {
    const { families } = setup((store) => ({
      insert: async (key, ...rest) => (key.startsWith('refresh/') ? false : store.insert(key, ...rest)),
      find: (key) => store.find(key),
      replace: (...args) => store.replace(...args),
      remove: (key) => store.remove(key),
      count: (hits) => store.count(hits),
    }))
    await expect(families().issue(grant)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('exists already'),
    })
  })

  test('that failed to write, and lost the login meanwhile, is the fault that is told', async () => {
    const fault = new Error('too late')
    const { families } = setup((store) => ({
      insert: (...args) => store.insert(...args),
      find: (key) => store.find(key),
      async replace(key) {
        await store.remove(key)
        throw fault
      },
      remove: (key) => store.remove(key),
      count: (hits) => store.count(hits),
    }))
    const { refreshToken } = await families().issue(grant)
    await expect(families().rotate(refreshToken, yes)).rejects.toBe(fault)
  })

  test('in which others always win is given up after 40 rounds', async () => {
    let rounds = 0
    const lost = async () => {
      rounds++
      return false
    }
    const store: Store = {
      ...new MemoryStore(),
      find: async () => undefined,
      insert: lost,
      replace: lost,
    } as unknown as Store
    const lists = new FamilyLists(store, 'families/', (subject) => subject, 60)
    await expect(lists.add('user', 'sid')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('Too many logins'),
    })
    expect(rounds).toBe(40)
  })
})

test('a token that is not good here has one answer, which may say more', () => {
  expect(tokenInvalid()).toMatchObject({ code: 'token_invalid', message: expect.stringMatching(/./) })
  expect(tokenInvalid('It is of another kind.')).toMatchObject({ message: 'It is of another kind.' })
})
