import { MemoryStore, type Store } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { LoginService } from '../../src/login/login-service.js'
import { number, secret } from '../support/app.js'
import { anyone, redeeming, requester, scripted } from '../support/flow.js'

/**
 * A store as far away as another machine: what is asked at the same time is answered at the same
 * time, one wave after the other.
 */
function distantStore(inner: MemoryStore) {
  let waiting: (() => void)[] = []
  const count = { waves: 0, operations: 0 }
  const travel = async <T>(call: () => Promise<T>): Promise<T> => {
    count.operations += 1
    if (waiting.length === 0) {
      setImmediate(() => {
        count.waves += 1
        const wave = waiting
        waiting = []
        for (const arrive of wave) arrive()
      })
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
    return call()
  }
  const store: Store = {
    insert: (...args) => travel(() => inner.insert(...args)),
    find: (...args) => travel(() => inner.find(...args)),
    replace: (...args) => travel(() => inner.replace(...args)),
    remove: (...args) => travel(() => inner.remove(...args)),
    count: (...args) => travel(() => inner.count(...args)),
    insertCharged: (...args) => travel(() => inner.insertCharged(...args)),
  }
  return { store, count }
}

function setup(kind: 'silent' | 'code') {
  const clock = fakeClock()
  const { store, count } = distantStore(new MemoryStore({ clock }))
  const rung = { ...scripted(kind), ...(kind === 'code' && { sends: true, guessable: true }) }
  // A weaker rung below makes a silent success forgive wrong codes too.
  const ladder = kind === 'silent' ? [rung, { ...scripted('below'), guessable: true }] : [rung]
  const flow = new LoginService({
    strategyName: 'phonecheck',
    ladder,
    store,
    secret,
    clock,
    emit: () => {},
    limits: { sendsPerBlock: 100 },
  })
  const measure = async <T>(work: Promise<T>): Promise<{ result: T; waves: number }> => {
    const before = count.waves
    const result = await work
    return { result, waves: count.waves - before }
  }
  return { flow, measure, count }
}

test.each(['silent', 'code'] as const)(
  '%s: start costs at most 2 store round trips in sequence, redeem at most 3, whatever the limits',
  async (kind) => {
    const { flow, measure, count } = setup(kind)
    const start = await measure(
      flow.start({ phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester }),
    )
    expect(start.waves).toBe(2)
    const wrong = await measure(flow.redeem(redeeming(start.result, 'wrong'), anyone).catch((error) => error.code))
    expect(wrong).toEqual({ result: 'invalid_code', waves: 3 })
    const redeem = await measure(flow.redeem(redeeming(start.result), anyone))
    expect(redeem.result.user).toEqual({ id: number })
    expect(redeem.waves).toBe(3)
    expect(count.operations).toBeLessThanOrEqual(15)
  },
)
