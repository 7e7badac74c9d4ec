import fc from 'fast-check'
import { MemoryStore, type OwnMessage, type OwnSmsOptions, ownSms, PhoneCheckError } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { smsSize } from '../../src/providers/own/message-text.js'
import { number } from '../support/app.js'
import { anyone, flowSetup, redeeming, refusal, requester, scripted } from '../support/flow.js'
import { callContext, startInput } from '../support/rung.js'

const start = { phoneNumber: number, purpose: 'login', binding: 'handle', delivery: 'body', requester } as const
const ofCaller = ({ code: _, ...request }: ReturnType<typeof redeeming>) => request

/** A login service with one such rung, and the gateway's outbox. */
function setup(options: Partial<OwnSmsOptions> = {}, more: { next?: boolean; store?: MemoryStore } = {}) {
  const outbox: OwnMessage[] = []
  const send = (message: OwnMessage) => void outbox.push(message)
  const rung = ownSms({ send, brand: 'Acme', ...options })
  const ladder = more.next ? [rung, scripted('next')] : [rung]
  return { outbox, rung, ...flowSetup({ ladder, ...(more.store && { store: more.store }) }) }
}
type Setup = ReturnType<typeof setup>

async function begun(world: Setup, request: object = {}) {
  const started = await world.flow.start({ ...start, ...request })
  return { started, verify: (code: string) => refusal(world.flow.redeem(redeeming(started, code), anyone)) }
}
const other = (code: string) => String((Number(code) + 1) % 10 ** code.length).padStart(code.length, '0')

describe('a message', () => {
  test('has the code, and what a gateway wants to know of it', async () => {
    const world = setup()
    const { started } = await begun(world, { locale: 'de-CH' })
    const [message] = world.outbox
    expect(message).toEqual({
      to: number,
      text: `${message?.code} is your Acme code. It is good for 5 minutes. Give it to nobody.`,
      code: expect.stringMatching(/^[0-9]{6}$/),
      locale: 'de-CH',
      purpose: 'login',
      channel: 'sms',
      flowId: started.id,
      messageId: `${started.id}-own-sms-1`,
      resend: false,
      signal: expect.any(AbortSignal),
    })
    expect(started).toMatchObject({ method: 'own-sms', challenge: { type: 'enter_code', length: 6, resend_in: 60 } })
  })

  test.each([4, 6, 10])('has a code of %d digits where the app wants so, and it logs in', async (digits) => {
    const world = setup({ digits })
    const { verify, started } = await begun(world)
    const code = world.outbox[0]?.code ?? ''
    expect(code).toMatch(new RegExp(`^[0-9]{${digits}}$`))
    expect(started.challenge).toMatchObject({ length: digits })
    expect(await verify(other(code))).toBe('invalid_code')
    expect(await verify(code)).toBe('no error')
  })

  test('that is asked for again has the same code under another id, and either message logs in', async () => {
    const world = setup()
    const { started, verify } = await begun(world)
    await world.clock.advance(60_000)
    await world.flow.resend(ofCaller(redeeming(started)))
    const [first, second] = world.outbox
    expect(second).toMatchObject({ code: first?.code, messageId: `${started.id}-own-sms-2`, resend: true })
    expect(await verify(first?.code ?? '')).toBe('no error')
  })

  test('on the next channel is a first one with an id and a code of its own, also after a resend', async () => {
    const outbox: OwnMessage[] = []
    const send = (message: OwnMessage) => void outbox.push(message)
    const ladder = (['sms', 'voice'] as const).map((channel) => ownSms({ send, brand: 'Acme', digits: 10, channel }))
    const { flow, clock, events } = flowSetup({ ladder })
    const request = ofCaller(redeeming(await flow.start(start)))
    await clock.advance(60_000)
    await flow.resend(request)
    await clock.advance(60_000)
    await flow.fallback(request)
    expect(outbox.map(({ resend }) => resend)).toEqual([false, true, false])
    expect(new Set(outbox.map(({ messageId }) => messageId)).size).toBe(3)
    expect(outbox[2]?.code).not.toBe(outbox[0]?.code)
    expect(events.filter(({ type }) => type === 'message_sent')).toMatchObject(outbox.map(({ resend }) => ({ resend })))
  })

  test('ends with what phones read, and only as an SMS', async () => {
    const ending = { webOtpHost: 'login.example.com', appHash: 'FA+9qCX9VSu' }
    const world = setup(ending)
    await begun(world)
    const { text, code } = world.outbox[0] as OwnMessage
    expect(text.split('\n').slice(-4)).toEqual([
      expect.stringContaining(code),
      '',
      'FA+9qCX9VSu',
      `@login.example.com #${code}`,
    ])
    for (const channel of ['voice', 'whatsapp'] as const) {
      const spoken = setup({ ...ending, channel })
      await begun(spoken)
      expect(spoken.outbox[0]).toMatchObject({ channel, text: expect.not.stringContaining('@') })
      expect(spoken.rung.name).toBe(`own-${channel}`)
    }
  })

  test.each<[string, string | undefined, string]>([
    ['login', 'de-CH', 'Grüezi 5'],
    ['login', 'de-AT', 'Hallo 5'],
    ['login', 'fr', 'Hello 5'],
    ['login', undefined, 'Hello 5'],
    ['step-up', 'de', 'Confirm'],
    ['constructor', 'toString', 'Hello 5'],
  ])('for the purpose %s and the language %s says %s', async (purpose, locale, words) => {
    const world = setup({
      text: {
        default: {
          default: 'Hello {minutes} {code}',
          de: 'Hallo {minutes} {code}',
          'de-CH': 'Grüezi {minutes} {code}',
        },
        'step-up': 'Confirm {code}',
      },
    })
    await world.rung.start(startInput({ purpose, ...(locale !== undefined && { locale }) }), callContext())
    expect(world.outbox[0]?.text).toBe(`${words} ${world.outbox[0]?.code}`)
  })
})

describe('nobody learns the code from', () => {
  test('the store, the events, or the answer to start', async () => {
    const clock = fakeClock()
    const store = new MemoryStore({ clock })
    const records: string[] = []
    const insert = store.insertCharged.bind(store)
    store.insertCharged = (key, record, ...rest) => {
      records.push(record)
      return insert(key, record, ...rest)
    }
    const world = setup({}, { store })
    const { started, verify } = await begun(world)
    const { code } = world.outbox[0] as OwnMessage
    await verify(other(code))
    // Twice, as six digits may turn up by chance.
    const all = JSON.stringify([records, world.events, started])
    expect(all.split(code).length).toBeLessThan(3)
    expect(all).not.toContain(number)
  })

  test('another login: codes differ by login, by rung and by secret', async () => {
    const codes = new Set<string>()
    for (let index = 0; index < 200; index++) {
      const world = setup({ digits: 10 })
      await begun(world)
      codes.add(world.outbox[0]?.code ?? '')
    }
    expect(codes.size).toBe(200)
    const [one, two] = ['one', 'two'].map((name) => setup({ name, digits: 10 }))
    const context = (key: string) => ({
      ...callContext(),
      keyedHash: (text: string) => Buffer.from(`${key} ${text}`).toString('base64url').slice(0, 22),
    })
    await one?.rung.start(startInput(), context('a'))
    await two?.rung.start(startInput(), context('b'))
    expect(one?.outbox[0]?.code).not.toBe(two?.outbox[0]?.code)
  })

  test('the other of two logins of one number: the stranger never logs in, the owner does', async () => {
    const world = setup()
    const stranger = await begun(world)
    const owner = await begun(world)
    const code = world.outbox[1]?.code ?? ''
    expect(await stranger.verify(code)).toBe(code === world.outbox[0]?.code ? 'no error' : 'invalid_code')
    expect(await owner.verify(code)).toBe('no error')
  })
})

test('codes are spread evenly: of 20,000 each leading digit has its tenth', async () => {
  const world = setup()
  const counts = new Map<string, number>()
  const context = callContext()
  for (let index = 0; index < 20_000; index++) {
    await world.rung.start(startInput({ flowId: String(index) }), context)
    const first = world.outbox.at(-1)?.code[0] ?? ''
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  // Six standard deviations around 2,000: the secret of tests is fixed, so this is no game of chance.
  for (const digit of '0123456789') expect(Math.abs((counts.get(digit) ?? 0) - 2_000)).toBeLessThan(255)
})

describe('a gateway that', () => {
  const failures: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error(`no route to ${number}`)
      },
    ],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['answers like a fetch that failed', async () => ({ ok: false, status: 500 })],
  ]
  test.each(failures)(
    '%s may have sent: no other rung is tried, nothing is repeated, and the operator hears',
    async (_name, send) => {
      let asked = 0
      const world = setup(
        {
          send: () => {
            asked += 1
            return send()
          },
        },
        { next: true },
      )
      expect(await refusal(begun(world))).toBe('delivery_unknown')
      expect(asked).toBe(1)
      expect(world.events).toContainEqual(
        expect.objectContaining({
          type: 'provider_outage',
          operation: 'send',
          kind: 'application',
          message: expect.stringContaining('your own send() failed'),
        }),
      )
      expect(JSON.stringify(world.events)).not.toContain('2025550100')
    },
  )

  test.each<[string, unknown]>([
    ['an error that says so', Object.assign(new Error('no credit'), { untried: true, retryAfterSeconds: 30 })],
    ["the library's own", new PhoneCheckError('provider_unavailable', { untried: true, reason: 'quota_exceeded' })],
  ])('certainly sent nothing, by %s, makes the ladder go on', async (_name, thrown) => {
    const world = setup({ send: () => Promise.reject(thrown) }, { next: true })
    expect((await begun(world)).started).toMatchObject({ method: 'next', skipped: [{ method: 'own-sms' }] })
  })

  test('refuses a number is believed, in words of the library alone', async () => {
    const world = setup({ send: async () => ({ refused: 'blocked' }) }, { next: true })
    expect((await begun(world)).started.skipped).toEqual([{ method: 'own-sms', reason: 'blocked' }])
    const foreign = setup({ send: async () => ({ refused: number }) }, { next: true })
    expect((await begun(foreign)).started.skipped).toEqual([{ method: 'own-sms', reason: 'other' }])
  })

  test('answers with anything else has sent', async () => {
    for (const answer of [undefined, null, 0, '', true, { sid: 'SM1' }, { ok: true }]) {
      expect((await begun(setup({ send: async () => answer }))).started.method).toBe('own-sms')
    }
  })

  test('hangs is told to stop when the time is over, and may have sent', async () => {
    let signal: AbortSignal | undefined
    const clock = fakeClock()
    const world = setup({
      clock,
      send: (message) => {
        signal = message.signal
        return new Promise(() => {})
      },
    })
    const waiting = refusal(begun(world))
    await clock.advance(15_000)
    expect(signal?.aborted).toBe(true)
    await world.clock.advance(15_000)
    expect(await waiting).toBe('delivery_unknown')
  })
})

describe('a text that', () => {
  const long = 'x'.repeat(155)
  test.each<[string, NonNullable<OwnSmsOptions['text']>, RegExp]>([
    ['lacks the code', 'Hello', /text must be a text that holds \{code\} once/],
    ['lacks it in one language', { default: '{code}', de: 'Hallo' }, /text\.de must be/],
    ['has no default', { login: '{code}' } as never, /text\.default is missing/],
    [
      'needs two SMS',
      `${long}{code}`,
      /text would be sent as 2 SMS \(165 characters, GSM-7\); shorten it, or raise maxSegments/,
    ],
    ['needs two for one letter', `${'ș'.repeat(65)}{code}`, /2 SMS .*UCS-2.*keep to the GSM alphabet/],
  ])('%s is refused at once', (_name, text, words) => {
    expect(() => setup({ text })).toThrow(words)
  })

  test('may need more SMS where the app says so, and what phones read counts', async () => {
    expect(() => setup({ text: `${long}{code}`, maxSegments: 2 })).not.toThrow()
    const close = 'x'.repeat(140)
    expect(() => setup({ text: `${close}{code}` })).not.toThrow()
    expect(() => setup({ text: `${close}{code}`, webOtpHost: 'example.com' })).toThrow(/2 SMS/)
  })

  test.each<[string, () => string]>([
    ['forgot the code', () => 'Hello'],
    ['is too long', () => '1'.repeat(500)],
    ['is none', () => undefined as never],
    [
      'throws',
      () => {
        throw new Error('x')
      },
    ],
  ])('a function that %s sends nothing, and the ladder goes on', async (_name, text) => {
    const world = setup({ text }, { next: true })
    expect((await begun(world)).started.method).toBe('next')
    expect(world.outbox).toEqual([])
    expect(world.events.some(({ type }) => type === 'misconfiguration' || type === 'provider_outage')).toBe(true)
  })
})

test('the size of an SMS is counted as phones do', () => {
  const gsm = fc.constantFrom(...'aZ0@£Δ\n ')
  const twice = fc.constantFrom(...'€[]{}~')
  fc.assert(
    fc.property(fc.array(gsm, { maxLength: 400 }), fc.array(twice, { maxLength: 100 }), (one, two) => {
      const length = one.length + 2 * two.length
      const segments = length <= 160 ? 1 : Math.ceil(length / 153)
      expect(smsSize([...one, ...two].join(''))).toEqual({ segments, alphabet: 'GSM-7', length })
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const given = `ș${text}`
      const segments = given.length <= 70 ? 1 : Math.ceil(given.length / 67)
      expect(smsSize(given)).toEqual({ segments, alphabet: 'UCS-2', length: given.length })
    }),
  )
})

test.each<[object, RegExp]>([
  [{ send: undefined }, /ownSms: send is missing/],
  [{ send: 'x' }, /send must be a function/],
  [{ brand: undefined }, /brand is missing; it is part of the default text\. Or set `text`/],
  [{ brand: '银行' }, /brand must be a text in the GSM alphabet/],
  [{ digits: 3 }, /digits must be a whole number from 4 to 10/],
  [{ digits: 11 }, /digits must be/],
  [{ ttlSeconds: 601 }, /ttlSeconds must be .* from 60 to 600/],
  [{ resendAfterSeconds: 10 }, /resendAfterSeconds must be .* from 30 to 300/],
  [{ channel: 'pigeon' }, /channel must be 'sms', 'voice' or 'whatsapp'/],
  [{ webOtpHost: 'https://example.com' }, /webOtpHost must be a host alone/],
  [{ appHash: 'short' }, /appHash must be the 11 characters/],
  [{ maxSegments: 0 }, /maxSegments must be/],
  [{ sender: 'x' }, /unknown option 'sender'; did you mean send\?/],
])('%j is refused by its name', (options, words) => {
  expect(() => setup(options)).toThrow(words)
})
