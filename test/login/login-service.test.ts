import { MemoryStore, PhoneCheckError, type Provider } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import {
  anyone,
  begin,
  flowSetup,
  interceptedStore,
  interceptedWhole,
  redeeming,
  refusal,
  requester,
  scripted,
} from '../support/flow.js'

describe('a claim', () => {
  test('whose owner died is taken over after the lease, and what the owner then learns counts for nothing', async () => {
    const { clock, store, provider, flow } = flowSetup()
    // Another process, in which time stands still: nothing ends its wait.
    const stuck = scripted()
    const dead = flowSetup({ ladder: [stuck], store, clock: fakeClock() })
    let answer: () => void = () => {}
    stuck.onRedeem = () =>
      new Promise((resolve) => {
        answer = () => resolve({ outcome: 'verified' })
      })
    const started = await begin(flow)
    const late = refusal(dead.flow.redeem(redeeming(started), anyone))
    await clock.advance(19_999)
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('in_progress')
    await clock.advance(1)
    expect((await flow.redeem(redeeming(started), anyone)).user).toEqual({ id: '+12025550100' })
    answer()
    expect(await late).toBe('in_progress')
    expect([stuck.redeems, provider.redeems]).toEqual([1, 1])
  })

  test('of a provider that keeps to no deadline is given back when the request must end', async () => {
    const { clock, provider, flow } = flowSetup()
    const started = await begin(flow)
    provider.onRedeem = () => new Promise(() => {})
    const hanging = refusal(flow.redeem(redeeming(started), anyone))
    await clock.advance(12_500)
    expect(await hanging).toBe('provider_unavailable')
    provider.onRedeem = async () => ({ outcome: 'verified' })
    expect((await flow.redeem(redeeming(started), anyone)).user).toEqual({ id: '+12025550100' })
  })

  test('left by a start that died has no check: nothing can be redeemed on it', async () => {
    const store = new MemoryStore()
    let fail = false
    const broken = interceptedStore(store, (operation) => {
      if (fail && (operation === 'replace' || operation === 'remove')) throw new Error('the process is dead')
    })
    const { flow, provider } = flowSetup({ store: broken })
    let handle = ''
    const insert = broken.insert
    broken.insert = (key, record, ttl) => {
      handle = key
      return insert(key, record, ttl)
    }
    fail = true
    expect(await refusal(begin(flow))).toBe('store_unavailable')
    expect(provider.starts).toBe(1)
    expect(JSON.parse((await store.find(handle))?.record ?? '{}')).toMatchObject({
      state: 'claimed',
      rung: 'phonecheck',
    })
  })
})

describe('the charge is written before the call', () => {
  test('at start', async () => {
    const order: string[] = []
    const store = interceptedStore(new MemoryStore(), (operation) => {
      order.push(operation)
    })
    const { flow, provider } = flowSetup({ store })
    const original = provider.onStart
    provider.onStart = () => {
      order.push('provider')
      return original()
    }
    await begin(flow)
    expect(order).toEqual(['count', 'insert', 'provider', 'replace'])
  })

  test.each([
    [
      'in one step with the record, where the store can',
      interceptedWhole,
      ['insertCharged'],
      ['insertCharged', 'replace'],
    ],
    ['before the record, where it cannot', interceptedStore, ['count'], ['count', 'insert', 'replace']],
  ] as const)('%s; a start that a limit refuses writes nothing', async (_name, intercept, refused, admitted) => {
    const order: string[] = []
    const store = intercept(new MemoryStore(), (operation) => order.push(operation))
    const { flow, provider } = flowSetup({ store, limits: { startsPerAddress: 1 } })
    await begin(flow)
    expect(order.splice(0)).toEqual(admitted)
    for (let index = 0; index < 3; index++) expect(await refusal(begin(flow))).toBe('address_limit')
    expect(order).toEqual([...refused, ...refused, ...refused])
    expect(provider.starts).toBe(1)
  })

  test('at each rung that start climbs to', async () => {
    const order: string[] = []
    const clock = fakeClock()
    const [first, second] = [scripted('first'), scripted('second')]
    const store = interceptedStore(new MemoryStore({ clock }), (operation) => {
      order.push(operation)
    })
    const { flow, events } = flowSetup({ ladder: [first, second, scripted('third')], store, clock })
    first.onStart = async () => ({ unable: 'not_mobile_ip' })
    const original = second.onStart
    second.onStart = () => {
      order.push('second')
      return original()
    }
    const started = await begin(flow)
    expect(order).toEqual(['count', 'insert', 'count', 'replace', 'count', 'second', 'replace'])
    expect(started).toMatchObject({ method: 'second', fallback: ['third'] })
    expect(events.map((event) => event.type)).toEqual(['rung_skipped', 'flow_started'])
    const { identity } = await flow.redeem(redeeming(started), anyone)
    expect(identity.method).toBe('second')
  })
})

describe('start', () => {
  test('that no rung can serve says why, and leaves nothing in the store', async () => {
    const store = new MemoryStore()
    const keys: string[] = []
    const spied = interceptedStore(store, () => {})
    spied.insert = (key, record, ttl) => {
      keys.push(key)
      return store.insert(key, record, ttl)
    }
    const { flow, provider } = flowSetup({ store: spied })
    provider.onStart = async () => ({ unable: 'mno_not_supported' })
    const error = await begin(flow).catch((reason) => reason)
    expect(error).toBeInstanceOf(PhoneCheckError)
    expect(error).toMatchObject({ code: 'ladder_exhausted', status: 422, details: { reason: 'mno_not_supported' } })
    expect(await store.find(keys[0] ?? '')).toBeUndefined()
  })

  test('stops where a rung says stop', async () => {
    const [first, second] = [scripted('first'), scripted('second')]
    first.onStart = async () => ({ unable: 'ip_mismatch', stop: true })
    const { flow } = flowSetup({ ladder: [first, second] })
    expect(await refusal(begin(flow))).toBe('ladder_exhausted')
    expect(second.starts).toBe(0)
  })

  test('turns a provider’s bug into an outage', async () => {
    const { flow, provider } = flowSetup()
    provider.onStart = async () => {
      throw new TypeError('a bug')
    }
    expect(await refusal(begin(flow))).toBe('provider_unavailable')
  })
})

describe('a store that fails', () => {
  // start: count, insert, replace. redeem: find, claim and count, credit, redeemed, and what makes the device known.
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'at operation %i: 503, no provider call before the claim, no login without a redeemed record',
    async (index) => {
      let count = 0
      const store = interceptedStore(new MemoryStore(), () => {
        count += 1
        if (count === index) throw new Error('down')
      })
      const { flow, provider } = flowSetup({ store })
      const started = await begin(flow).catch((error) => error)
      if (index <= 3) {
        expect(started.code).toBe('store_unavailable')
        expect(provider.starts).toBe(index <= 2 ? 0 : 1)
        return
      }
      let admitted = 0
      const result = await flow
        .redeem(redeeming(started), async () => {
          admitted += 1
          return 'user'
        })
        .catch((error) => error)
      const lost = ![7, 9, 10].includes(index)
      expect(lost ? result.code : result.user).toBe(lost ? 'store_unavailable' : 'user')
      expect(provider.redeems).toBe(index <= 6 ? 0 : 1)
      expect(admitted).toBe(index <= 6 ? 0 : 1)
      expect(count).toBeLessThanOrEqual(10)
    },
  )

  test('after the provider’s yes: the lease frees the flow, and it is won at most once', async () => {
    let broken = false
    const clock = fakeClock()
    const store = interceptedStore(new MemoryStore({ clock }), () => {
      if (broken) throw new Error('down')
    })
    const { flow, provider } = flowSetup({ store, clock })
    const started = await begin(flow)
    expect(
      await refusal(
        flow.redeem(redeeming(started), async () => {
          broken = true
          return 'user'
        }),
      ),
    ).toBe('store_unavailable')
    broken = false
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('in_progress')
    await clock.advance(20_000)
    expect((await flow.redeem(redeeming(started), anyone)).user).toEqual({ id: '+12025550100' })
    expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('flow_invalid')
    expect(provider.redeems).toBe(2)
  })
})

test('a record that somebody moved to another rung in the store is a dead flow', async () => {
  const store = new MemoryStore()
  const keys: string[] = []
  const spied = interceptedStore(store, () => {})
  spied.insert = (key, record, ttl) => {
    keys.push(key)
    return store.insert(key, record, ttl)
  }
  const rungs = [scripted('first'), scripted('second')]
  const { flow } = flowSetup({ ladder: rungs, store: spied })
  const started = await begin(flow)
  const [key = ''] = keys
  const found = await store.find(key)
  if (!found) throw new Error('no record')
  await store.replace(key, found.version, found.record.replace('"first"', '"second"'))
  expect(await refusal(flow.redeem(redeeming(started), anyone))).toBe('flow_invalid')
  expect(rungs.map((rung) => rung.redeems)).toEqual([0, 0])
})

describe('purpose and subject', () => {
  test('are compared at redeem: a login cannot finish a link, nor one user’s link another’s', async () => {
    const { flow, provider } = flowSetup()
    const started = await flow.start({
      phoneNumber: '+12025550100',
      purpose: 'link',
      subject: 'u1',
      binding: 'handle',
      delivery: 'body',
      requester,
    })
    for (const wrong of [
      { purpose: 'login' },
      { purpose: 'link' },
      { purpose: 'link', subject: 'u2' },
      { purpose: 'login', subject: 'u1' },
    ]) {
      expect(await refusal(flow.redeem({ ...redeeming(started), ...wrong }, anyone))).toBe('flow_invalid')
    }
    expect(provider.redeems).toBe(0)
    expect(
      (await flow.redeem({ ...redeeming(started), purpose: 'link', subject: 'u1' }, anyone)).identity.purpose,
    ).toBe('link')
  })
})

test('a fallback whose own question finds that nothing may follow says so', async () => {
  const first: Provider = {
    ...scripted('mocheck'),
    ownCheck: true,
    poll: async () => ({ outcome: 'unable', reason: 'ip_mismatch', stop: true }),
  }
  delete first.redeem
  const { flow, clock, events } = flowSetup({ ladder: [first, scripted('idenfy-sms')] })
  const started = await begin(flow)
  await clock.advance(30_000)
  const { code: _, ...request } = redeeming(started)
  expect(await refusal(flow.fallback(request))).toBe('ladder_exhausted')
  expect(events.map(({ type }) => type)).toContain('flow_failed')
  expect(await refusal(flow.fallback(request))).toBe('flow_invalid')
})
