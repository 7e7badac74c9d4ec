import type { PhoneLogin, Progress } from 'passport-phonecheck/client'
import type { FakeClock } from 'passport-phonecheck/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { clientOf, eventually, world } from '../support/client/client.js'
import { code, fakeClient, number, pending, problem, sms, url } from '../support/client/fake-server.js'

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => {
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

/** Each state with the script that leads to it and stays there. */
const states: [
  Progress['state'],
  () => ReturnType<typeof fakeClient>,
  ((login: PhoneLogin, clock: FakeClock) => unknown)?,
][] = [
  ['starting', () => fakeClient({ start: ['hang'] })],
  ['opening', () => fakeClient({ start: [url] }, { open: () => new Promise(() => {}) })],
  ['checking', () => fakeClient({ start: [url], verify: ['hang'] })],
  ['checking', () => fakeClient({ start: [url], verify: [problem(409, 'pending', { 'retry-after': '5' })] })],
  ['waiting_for_sms', () => fakeClient({ start: [sms], status: [pending()] })],
  ['waiting_for_sms', () => fakeClient({ start: [sms], status: ['hang'] }), (_, clock) => clock.advance(3_000)],
  ['waiting_for_code', () => fakeClient({ start: [code] })],
  ['falling_back', () => fakeClient({ start: [sms], fallback: ['hang'] }), (login) => login.fallback()],
  [
    'falling_back',
    () => fakeClient({ start: [sms], fallback: [problem(409, 'too_early', { 'retry-after': '20' })] }),
    (login) => login.fallback(),
  ],
  ['resending', () => fakeClient({ start: [code], resend: ['hang'] }), (login) => login.resend()],
  ['failed', () => fakeClient({ start: ['offline'] })],
  [
    'failed',
    () => fakeClient({ start: [problem(429, 'number_limit', { 'retry-after': '60' })] }),
    (login) => login.retry(),
  ],
  ['done', () => fakeClient({ start: [url], verify: [{}] })],
]

describe.each(states)('in the state %s', (state, make, then) => {
  async function reached() {
    const made = make()
    const started = made.login.start(number)
    await made.clock.advance(0)
    const last = then?.(made.login, made.clock) ?? started
    await made.clock.advance(0)
    expect(made.login.progress.state).toBe(state)
    return { ...made, last }
  }

  test('cancel() leaves nothing behind', async () => {
    const { login, clock, timers, calls, last, states } = await reached()
    login.cancel()
    expect(login.progress).toEqual({ state: 'idle' })
    await last
    await clock.advance(0)
    expect(timers.count).toBe(0)
    const made = calls.length
    await clock.advance(1_000_000)
    expect(calls).toHaveLength(made)
    if (state !== 'done' && state !== 'failed') expect(calls.at(-1)?.signal.aborted).toBe(true)
    expect(states.at(-1)).toBe('idle')
  })

  test('another login can begin right after it', async () => {
    const { login, script, clock } = await reached()
    login.cancel()
    script['start'] = [code]
    const next = login.start(number)
    await clock.advance(0)
    expect(await next).toMatchObject({ state: 'waiting_for_code' })
    expect(login.progress.state).toBe('waiting_for_code')
  })
})

test('what arrives after cancel() changes nothing', async () => {
  const app = await world()
  let answer = (_: { code: string }) => {}
  const { login, states } = clientOf(app, {
    open: () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  })
  const started = login.start(number)
  await eventually(() => login.progress.state === 'opening')
  login.cancel()
  expect(await started).toEqual({ state: 'opening', method: 'phonecheck', skipped: [] })
  answer({ code: 'late' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(states.at(-1)).toBe('idle')
  expect(app.count('verify')).toBe(0)
})

test('cancel() from a listener sends nothing', async () => {
  const { login, calls } = fakeClient({ start: [code] })
  login.subscribe(({ state }) => {
    if (state === 'starting') login.cancel()
  })
  await login.start(number)
  expect(login.progress).toEqual({ state: 'idle' })
  expect(calls.filter(({ signal }) => !signal.aborted)).toEqual([])
})

test('leaves no timer of the platform’s either', async () => {
  vi.useFakeTimers()
  try {
    for (const stopAt of ['starting', 'waiting_for_sms']) {
      const { login } = fakeClient(
        { start: [stopAt === 'starting' ? 'hang' : sms], status: ['hang'] },
        { clock: undefined },
      )
      login.subscribe(({ state }) => {
        if (state === stopAt) login.cancel()
      })
      await login.start(number)
      await vi.advanceTimersByTimeAsync(0)
      expect(login.progress).toEqual({ state: 'idle' })
      expect(vi.getTimerCount()).toBe(0)
    }
    const { login, times } = fakeClient({ start: [sms], status: ['hang'] }, { clock: undefined })
    await login.start(number)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(times('status')).toHaveLength(1)
    login.cancel()
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('the SDK hears of it', async () => {
  let heard: { aborted: boolean } | undefined
  const { login, clock } = fakeClient(
    { start: [url] },
    {
      open(_, { signal }) {
        heard = signal
        return new Promise(() => {})
      },
    },
  )
  void login.start(number)
  await clock.advance(0)
  expect(heard?.aborted).toBe(false)
  login.cancel()
  expect(heard?.aborted).toBe(true)
})

describe('an AbortSignal', () => {
  function counting() {
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...args)
    }
    return { controller, signal, listeners: () => listeners }
  }

  test('cancels', async () => {
    const { controller, signal, listeners } = counting()
    const { login, timers, clock } = fakeClient({ start: [sms] })
    await login.start(number, { signal })
    expect(listeners()).toBe(1)
    controller.abort()
    expect(login.progress).toEqual({ state: 'idle' })
    await clock.advance(0)
    expect(timers.count).toBe(0)
    expect(listeners()).toBe(0)
  })

  test('that has aborted before begins nothing', async () => {
    const { login, calls } = fakeClient({ start: [sms] })
    expect(await login.start(number, { signal: AbortSignal.abort() })).toEqual({ state: 'idle' })
    expect(calls).toEqual([])
  })

  test.each([
    ['after success', { start: [url], verify: [{}] }],
    ['after another start', { start: [code] }],
  ])('is let go of %s', async (_, script) => {
    const { signal, listeners } = counting()
    const { login } = fakeClient(script)
    await login.start(number, { signal })
    if (login.progress.state !== 'done') await login.start(number)
    expect(listeners()).toBe(0)
  })
})

describe('WebOTP', () => {
  function withWebOtp(get: (options: { signal: AbortSignal; otp: unknown }) => Promise<{ code?: unknown } | null>) {
    const spy = vi.fn(get)
    vi.stubGlobal('OTPCredential', class {})
    vi.stubGlobal('navigator', { credentials: { get: spy } })
    return spy
  }

  async function unstubbed(work: () => Promise<void>) {
    try {
      await work()
    } finally {
      vi.unstubAllGlobals()
    }
  }

  test('submits the code that it reads', () =>
    unstubbed(async () => {
      const get = withWebOtp(async () => ({ code: '1234' }))
      const { login, calls, clock } = fakeClient({ start: [code], verify: [{}] })
      void login.start(number)
      await clock.advance(0)
      expect(login.progress.state).toBe('done')
      expect(calls.at(-1)?.body).toMatchObject({ code: '1234' })
      expect(get).toHaveBeenCalledWith({ otp: { transport: ['sms'] }, signal: expect.any(AbortSignal) })
      expect(get.mock.calls[0]?.[0].signal.aborted).toBe(true)
    }))

  test('is stopped when the user is faster, and what it says then is not heard', () =>
    unstubbed(async () => {
      let late = (_: { code: string }) => {}
      const get = withWebOtp(
        () =>
          new Promise((resolve) => {
            late = resolve
          }),
      )
      const { login, times, clock } = fakeClient({ start: [code], verify: [{}] })
      await login.start(number)
      await login.submitCode('1234')
      expect(get.mock.calls[0]?.[0].signal.aborted).toBe(true)
      late({ code: '9999' })
      await clock.advance(0)
      expect(times('verify')).toHaveLength(1)
    }))

  test('for a message before the last one is not heard', () =>
    unstubbed(async () => {
      const late: ((credential: { code: string }) => void)[] = []
      withWebOtp(() => new Promise((resolve) => late.push(resolve)))
      const { login, times, clock } = fakeClient({ start: [code], resend: [code] })
      await login.start(number)
      await login.resend()
      late[0]?.({ code: '1111' })
      await clock.advance(0)
      expect(times('verify')).toEqual([])
    }))

  test.each([
    ['declines', () => Promise.reject(new DOMException('no', 'NotAllowedError'))],
    ['has nothing', async () => null],
  ])('that %s is no trouble', (_, get) =>
    unstubbed(async () => {
      withWebOtp(get)
      const { login, times, clock } = fakeClient({ start: [code] })
      await login.start(number)
      await clock.advance(0)
      expect(login.progress).toMatchObject({ state: 'waiting_for_code' })
      expect(times('verify')).toEqual([])
    }),
  )

  test('is heard once for each message, however wrong it is', () =>
    unstubbed(async () => {
      const get = withWebOtp(async () => ({ code: '12345' }))
      const { login, clock } = fakeClient({ start: [code], resend: [code] })
      await login.start(number)
      await clock.advance(0)
      expect(login.progress).toMatchObject({ state: 'waiting_for_code', problem: { code: 'invalid_request' } })
      expect(get).toHaveBeenCalledTimes(1)
      await login.resend()
      await clock.advance(0)
      expect(get).toHaveBeenCalledTimes(2)
    }))

  test('is not used when it is switched off', () =>
    unstubbed(async () => {
      const get = withWebOtp(async () => ({ code: '1234' }))
      const { login } = fakeClient({ start: [code] }, { webOtp: false })
      await login.start(number)
      expect(get).not.toHaveBeenCalled()
    }))
})
