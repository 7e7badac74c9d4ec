import { MemoryStore, PhoneCheckError } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { anyone, begin, flowSetup, interceptedStore, refusal, scripted } from '../support/flow.js'

const texting = (name: string) => Object.assign(scripted(name), { sends: true, guessable: true })
const anonymous = {
  purpose: 'login',
  binding: 'handle',
  delivery: 'body',
  requester: { address: '192.0.2.1' },
} as const

describe('a rung that a limit of its own closes', () => {
  test('is passed over at the start: the next one logs in, and the requester learns why', async () => {
    const [sms, next] = [texting('sms'), scripted('next')]
    const { flow, events } = flowSetup({ ladder: [sms, next] })
    const methods = []
    for (let logins = 0; logins < 5; logins++) methods.push((await begin(flow)).method)
    expect(methods).toEqual(['sms', 'sms', 'sms', 'next', 'next'])
    const { skipped } = await begin(flow)
    expect(skipped).toEqual([{ method: 'sms', reason: 'limit_reached' }])
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'rung_skipped', method: 'sms', reason: 'limit_reached' }),
    )
    expect(sms.starts).toBe(3)
  })

  test('is passed over in the middle of a ladder', async () => {
    const [first, sms, last] = [scripted('first'), texting('sms'), scripted('last')]
    first.onStart = async () => ({ unable: 'not_mobile_ip' })
    const { flow } = flowSetup({ ladder: [first, sms, last] })
    for (let logins = 0; logins < 3; logins++) expect((await begin(flow)).method).toBe('sms')
    expect(await begin(flow)).toMatchObject({
      method: 'last',
      skipped: [
        { method: 'first', reason: 'not_mobile_ip' },
        { method: 'sms', reason: 'limit_reached' },
      ],
    })
    expect(sms.starts).toBe(3)
  })

  test('is passed over by a fallback', async () => {
    const [first, sms, last] = [scripted('first'), texting('sms'), scripted('last')]
    const { flow, clock } = flowSetup({ ladder: [first, sms, last] })
    const fallback = async () => {
      const { handle } = await flow.start({ ...anonymous, phoneNumber: '+12025550100' })
      await clock.advance(60_000)
      return flow.fallback({ ...anonymous, handle, proof: { binding: 'handle' } })
    }
    const methods = []
    for (let logins = 0; logins < 4; logins++) methods.push((await fallback()).method)
    expect(methods).toEqual(['sms', 'sms', 'sms', 'last'])
  })

  test('is what the requester hears of when no rung follows', async () => {
    const first = scripted('first')
    first.onStart = async () => ({ unable: 'not_mobile_ip' })
    const { flow } = flowSetup({ ladder: [first, texting('sms')] })
    for (let logins = 0; logins < 3; logins++) await begin(flow)
    expect(await refusal(begin(flow))).toBe('number_limit')
  })

  test('charges nothing: its limit opens when it would have without the asking', async () => {
    const clock = fakeClock()
    const counted: string[] = []
    const store = interceptedStore(new MemoryStore({ clock }), () => {})
    const count = store.count
    store.count = async (hits) => {
      const verdict = await count(hits)
      if (!verdict.allowed) counted.push(verdict.key.split('/')[0] ?? '')
      return verdict
    }
    const { flow } = flowSetup({ ladder: [texting('sms'), scripted('next')], store, clock })
    for (let logins = 0; logins < 9; logins++) await begin(flow)
    expect(counted).toEqual(Array(6).fill('send'))
  })

  test('does not let an address go on that begins too many logins', async () => {
    const { flow } = flowSetup({ ladder: [scripted('first'), scripted('second')], limits: { startsPerAddress: 1 } })
    await begin(flow)
    expect(await refusal(begin(flow))).toBe('address_limit')
  })
})

describe('a quota that refuses the next check of a flow', () => {
  const quota = (retryAfterSeconds?: number) => async () =>
    Promise.reject(
      new PhoneCheckError('provider_unavailable', {
        reason: 'quota_exceeded',
        untried: true,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      }),
    )

  test.each([
    [undefined, 5],
    [20, 20],
    [3600, 60],
  ])(
    'of %s s makes a fallback wait %s s, so that its holder cannot keep the quota used up at no cost',
    async (vendorSays, waits) => {
      const [first, second] = [scripted('first'), scripted('second')]
      const { flow, clock } = flowSetup({ ladder: [first, second] })
      const { handle } = await flow.start({ ...anonymous, phoneNumber: '+12025550100' })
      await clock.advance(60_000)
      second.onStart = quota(vendorSays)
      const fallback = () => flow.fallback({ ...anonymous, handle, proof: { binding: 'handle' } })
      expect(await refusal(fallback())).toBe('provider_unavailable')
      for (let again = 0; again < 9; again++)
        await expect(fallback()).rejects.toMatchObject({ code: 'too_early', details: { retryAfterSeconds: waits } })
      expect(second.starts).toBe(1)
      expect(await flow.status({ ...anonymous, handle, proof: { binding: 'handle' } })).toMatchObject({
        fallbackInSeconds: waits,
      })
      await clock.advance(waits * 1000)
      second.onStart = scripted('second').onStart
      expect((await fallback()).method).toBe('second')
    },
  )

  test('makes a spent rung wait too', async () => {
    const [first, second] = [scripted('first'), scripted('second')]
    const { flow } = flowSetup({ ladder: [first, second] })
    const started = await flow.start({ ...anonymous, phoneNumber: '+12025550100' })
    first.onRedeem = async () => ({ outcome: 'unable', reason: 'mno_timeout' })
    const request = { ...anonymous, handle: started.handle, proof: { binding: 'handle' } } as const
    expect(await refusal(flow.redeem({ ...request, code: 'right' }, anyone))).toBe('rung_unable')
    second.onStart = quota(30)
    const answers = []
    for (let again = 0; again < 3; again++) answers.push(await refusal(flow.fallback(request)))
    expect(answers).toEqual(['provider_unavailable', 'too_early', 'too_early'])
    expect(second.starts).toBe(1)
  })

  test('makes a resend wait, and costs none of its messages', async () => {
    const sms = texting('sms')
    const { flow, clock } = flowSetup({ ladder: [sms] })
    const { handle } = await flow.start({ ...anonymous, phoneNumber: '+12025550100' })
    await clock.advance(125_000)
    const working = sms.onStart
    sms.onStart = quota(30)
    const resend = () => flow.resend({ ...anonymous, handle, proof: { binding: 'handle' } })
    expect(await refusal(resend())).toBe('provider_unavailable')
    for (let again = 0; again < 9; again++) expect(await refusal(resend())).toBe('cooldown')
    expect(sms.starts).toBe(2)
    await clock.advance(30_000)
    sms.onStart = working
    expect((await resend()).method).toBe('sms')
  })
})
