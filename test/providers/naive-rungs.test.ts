import type { Outcome, Provider } from 'passport-phonecheck'
import { type ProviderSubject, providerContract, type VendorCall } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { digits, service } from '../support/code-service.js'

// The contract itself: each of its cases goes red for a rung that somebody might write.

describe('a naive rung is found out:', () => {
  const base = { vendor: 'naive', assurance: 'low' as const, ttlSeconds: 300, dwellSeconds: 10 }
  /** Names of the cases that fail. */
  async function broken(subject: ProviderSubject<never>): Promise<string[]> {
    const names: string[] = []
    for (const { name, run } of providerContract(subject)) await run().catch(() => names.push(name))
    return names
  }
  const untyped = (subject: ProviderSubject<unknown>) => subject as unknown as ProviderSubject<never>

  test('one that polls a vendor which keeps one check for each number', async () => {
    let approved = false
    const rung: Provider = {
      ...base,
      name: 'polled-sna',
      start: async () => ({
        challenge: { type: 'open_url', url: 'https://x.example/' },
        check: { id: 'VE1' },
        expiresInSeconds: 300,
      }),
      poll: async (): Promise<Outcome> =>
        approved ? { outcome: 'verified' } : { outcome: 'pending', retryAfterSeconds: 3 },
    }
    const answer = () => {
      approved = true
      return undefined
    }
    const found = await broken(untyped({ create: () => rung, answer, malformed: [], secrets: [] }))
    expect(found).toEqual(['says what it is', 'tells the checks of two logins of one number apart'])
  })

  function naive(more: Partial<Provider>, call: VendorCall<unknown>, vendor: ReturnType<typeof service>): Provider {
    return {
      ...base,
      name: 'naive',
      sends: true,
      guessable: true,
      codeGrammar: /^.{1,20}$/,
      start: async () => ({
        challenge: { type: 'enter_code', length: 6 },
        check: { id: ((await call(vendor.create)) as { id: string }).id },
        expiresInSeconds: 300,
      }),
      redeem: async ({ id }, code) => ({ outcome: (await call(() => vendor.check(id, code))) as 'verified' }),
      ...more,
    }
  }
  const naiveSubject = (more: (call: VendorCall<unknown>, vendor: ReturnType<typeof service>) => Partial<Provider>) => {
    const vendor = service()
    return untyped({
      create: (call) => naive(more(call, vendor), call, vendor),
      answer: () => [...vendor.codes.values()].at(-1),
      wrong: digits,
      malformed: [() => ({}), () => 'verified?'],
      secrets: [],
    })
  }

  test('one that compares the code with ==', async () => {
    const more = (_call: unknown, { codes }: ReturnType<typeof service>): Partial<Provider> => ({
      redeem: async ({ id }, code) => ({
        // biome-ignore lint/suspicious/noDoubleEquals: that is what is found out
        outcome: Number(codes.get(id)) == (code as unknown) ? 'verified' : 'invalid_code',
      }),
    })
    expect(await broken(naiveSubject(more))).toContain('takes no other spelling of the right code for it')
  })

  test('one that sends again when the answer was lost', async () => {
    const more = (call: VendorCall<unknown>, vendor: ReturnType<typeof service>): Partial<Provider> => ({
      start: async () => {
        const answer = await call(vendor.create).catch(() => call(vendor.create))
        return { challenge: { type: 'enter_code', length: 6 }, check: answer as { id: string }, expiresInSeconds: 300 }
      },
    })
    expect(await broken(naiveSubject(more))).toContain('repeats nothing that may have sent a message')
  })

  test('one that takes any answer for a check, and puts the number into its errors', async () => {
    const more = (call: VendorCall<unknown>): Partial<Provider> => ({
      start: async ({ phoneNumber }) => {
        await call(async () => undefined).catch((cause) => {
          throw new Error(`no SMS to ${phoneNumber}`, { cause })
        })
        return { challenge: { type: 'enter_code', length: 6 }, check: { id: 'x' }, expiresInSeconds: 300 }
      },
    })
    expect(await broken(naiveSubject(more))).toContain('takes a malformed answer to start for an outage')
  })

  test('one for which every 200 is a yes', async () => {
    const more = (call: VendorCall<unknown>, vendor: ReturnType<typeof service>): Partial<Provider> => ({
      redeem: async ({ id }, code) => {
        const answer = await call(() => vendor.check(id, code))
        return { outcome: answer === 'invalid_code' ? 'invalid_code' : 'verified' }
      },
    })
    expect(await broken(naiveSubject(more))).toContain('takes a malformed answer to a code or question for no yes')
  })
})
