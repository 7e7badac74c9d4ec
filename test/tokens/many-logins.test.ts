import { MemoryStore, type Store } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { tokenLimits } from '../../src/tokens/numbers.js'
import { RefreshFamilies } from '../../src/tokens/refresh-families.js'
import { Revocations } from '../../src/tokens/revocations.js'
import { secret } from '../support/app.js'
import { flowSetup, refusal } from '../support/flow.js'
import { audience, issuer } from '../support/tokens/tokens.js'

const day = 86_400

function familiesOn(store: Store) {
  const revocations = new Revocations(store, secret, issuer)
  const rules = { idleSeconds: 7 * day, absoluteSeconds: 30 * day, graceSeconds: 0, emit: () => {} }
  const families = new RefreshFamilies({ store, issuer, audience, revocations, ...rules })
  const begin = (subject: string) =>
    families.issue({ subject, acr: 'high', amr: ['sms'], authTime: 0, epochs: ['', ''] })
  return { families, begin }
}

/** A store that can be reached at any moment by others. */
function slow(inner: Store): Store {
  const later = <T>(call: () => Promise<T>) => new Promise<void>((resolve) => setImmediate(resolve)).then(call)
  return {
    insert: (...args) => later(() => inner.insert(...args)),
    find: (...args) => later(() => inner.find(...args)),
    replace: (...args) => later(() => inner.replace(...args)),
    remove: (...args) => later(() => inner.remove(...args)),
    count: (...args) => later(() => inner.count(...args)),
  }
}

describe('logins of one user that can be refreshed', () => {
  test('are 20: one more ends the oldest, and nobody else’s', async () => {
    const { families, begin } = familiesOn(new MemoryStore())
    const bystander = await begin('somebody else')
    const mine: Awaited<ReturnType<typeof begin>>[] = []
    for (let index = 0; index < tokenLimits.familiesPerUser + 3; index++) mine.push(await begin('me'))
    const live = await Promise.all(mine.map(({ sid }) => families.isLive(sid)))
    expect(live).toEqual([false, false, false, ...Array(tokenLimits.familiesPerUser).fill(true)])
    expect(await families.isLive(bystander.sid)).toBe(true)
  })

  test('are no more when many begin at the same moment', async () => {
    const { families, begin } = familiesOn(slow(new MemoryStore()))
    const mine = await Promise.all(Array.from({ length: 30 }, () => begin('me')))
    const live = await Promise.all(mine.map(({ sid }) => families.isLive(sid)))
    expect(live.filter(Boolean).length).toBeLessThanOrEqual(tokenLimits.familiesPerUser)
  })
})

test('refresh families that fill a shared MemoryStore stop no login from beginning', async () => {
  const clock = fakeClock()
  const store = new MemoryStore({ clock, maxRecords: 50 })
  const { begin } = familiesOn(store)
  let full = false
  for (let index = 0; index < 60 && !full; index++) full = (await refusal(begin(`user ${index}`))) !== 'no error'
  expect(full).toBe(true)
  const { flow } = flowSetup({ clock, store })
  const requester = { address: '192.0.2.1' }
  const start = flow.start({
    phoneNumber: '+12025550100',
    purpose: 'login',
    binding: 'handle',
    delivery: 'body',
    requester,
  })
  expect(await refusal(start)).toBe('no error')
})
