import { type Answer, type Fields, failure, fieldsOf, flowLifeMs, instant, poster, readStep, type Step } from './api.js'
import { typedCode } from './code.js'
import { loginStorage } from './login-storage.js'
import { fetchToken, openCheck } from './open.js'
import { follower, platform, type Returned, readCode, systemClock, takeReturn } from './platform.js'
import { demand, feasible, mayPass, problemOf } from './problem.js'
import { isOpen, watch } from './status-poll.js'
import { check, createTaskRunner, type Work } from './task-runner.js'
import type { Call, PhoneLogin, PhoneLoginOptions, Problem, Progress, Signal } from './types.js'

/**
 * How long the user waits while another request holds the login, and a page may take to leave
 * before another `start()` is believed.
 */
const patienceMs = 30000
const leavingMs = 5000

/**
 * The device's half of a login. Touches nothing until one of its functions is called, so it may be
 * made where pages are rendered.
 * @typeParam Result what the app's verify route answers
 */
export function phoneLogin<Result = unknown>(options: PhoneLoginOptions = {}): PhoneLogin<Result> {
  const { baseUrl = '', paths, open, token, autoFallback = true, webOtp = true, clock = systemClock } = options
  const post = poster(options, clock)
  const memory = loginStorage(options.storage, `phonecheck ${baseUrl}${paths?.start ?? ''}`, clock)
  const { now, show, settleIn, run, idle, stop, subscribe } = createTaskRunner<Result>()

  /** What the server said last; absent when there is no login. */
  let step: Step | undefined
  /** Whether the way in use can win no more. */
  let spent = false
  /** The step that failed and may be repeated. */
  let again: Work | undefined
  /** Why the return leg failed, until that was shown. */
  let returned: Returned | undefined
  /** Lets whoever began the login cancel it. */
  const follow = follower(cancel)

  /** A call about the present login. While another request holds that, waits and repeats. */
  async function ask(call: Call, fields: Fields, signal: Signal): Promise<Answer> {
    const until = clock.now() + patienceMs
    for (;;) {
      const answer = await post(call, { ...fields, flow: step?.flow }, signal)
      check(signal)
      const { code, retryAt = clock.now() + 1000 } = answer.problem ?? {}
      if ((code !== 'pending' && code !== 'in_progress') || retryAt > until) return answer
      await waitUntil(retryAt, signal)
    }
  }

  function waitUntil(instant: number, signal: Signal): Promise<void> {
    return idle(clock.delay(instant - clock.now(), signal), signal)
  }

  function forget(): void {
    step = again = undefined
    memory.forget()
    platform.removeEventListener?.('pageshow', onPageShow)
  }

  function keep(next: Step): void {
    step = next
    memory.save(next)
  }

  function fail(problem: Problem): void {
    if (problem.action === 'restart' || problem.action === 'stop') forget()
    const fallback = step?.fallback ?? []
    settleIn({
      state: 'failed',
      problem: feasible(problem, again, fallback),
      fallback,
      fallbackAt: spent ? undefined : step?.fallbackAt,
    })
  }

  /** A step that could not be taken: the login is where it was, if that was waiting for the user. */
  function refuse(problem: Problem): void {
    if (spent || problem.action === 'restart' || !wait(problem)) fail(problem)
  }

  /** Takes the answer to start, fallback or resend. */
  async function enter(body: unknown, signal: Signal): Promise<void> {
    const next = readStep(body, clock.now(), step?.since)
    if (!next) return refuse(problemOf('unexpected'))
    const { type, url = '', method, skipped } = next
    spent = false
    again = undefined
    keep(next)
    if (wait()) return
    const opening = (retryAt?: number) => show({ state: 'opening', method, skipped, retryAt })
    if (type === 'open_url' && open)
      return verify(await idle(openCheck(open, next, clock, signal, opening), signal), signal)
    opening()
    if (type === 'get_token' && token) return verify(await idle(fetchToken(token, next, signal), signal), signal)
    if (type === 'open_url' && platform.location && /^https?:/i.test(url)) {
      platform.addEventListener('pageshow', onPageShow)
      platform.location.assign(url)
      return waitUntil(clock.now() + leavingMs, signal)
    }
    // A challenge of a later version, or one that this platform cannot meet. The server then goes on to the next way.
    return verify(failure(), signal)
  }

  /** The user has the say. @returns whether the way in use is one where they have */
  function wait(problem?: Problem): boolean {
    if (step?.type !== 'send_sms' && step?.type !== 'enter_code') return false
    const { flow, id, since, type, ...shown } = step
    const state = type === 'send_sms' ? 'waiting_for_sms' : 'waiting_for_code'
    const waiting = (problem?: Problem) => ({ ...shown, state, problem }) as Progress<Result>
    settleIn(waiting(problem), async (signal) => {
      const told = (news?: Problem) => show(waiting(news))
      if (type === 'send_sms') {
        const answer = await watch(step as Step, clock, signal, () => post('status', { flow }, signal), told)
        if (answer)
          void run('watch', async (own) => (answer.problem ? expireRung(answer.problem) : onStatus(answer, own)))
        return
      }
      // A message that was read and did not help is not read again, but one that is still to come is.
      if (webOtp && problem?.action !== 'retry')
        void readCode(signal).then((code) => (code ? submitCode(code) : undefined))
      await clock.delay(shown.expiresAt - clock.now(), signal)
      if (!signal.aborted) void run('watch', async () => expireRung(problemOf('expired')))
    })
    return true
  }

  /** Nobody did anything in time, or the login is gone. Whoever is still there says so before anything more is paid. */
  function expireRung(problem: Problem): void {
    spent = true
    again = undefined
    fail(problem)
  }

  /** The way in use can win no more. */
  async function loseRung(problem: Problem, signal: Signal): Promise<void> {
    spent = true
    return autoFallback && step?.fallback.length ? startNextRung(signal) : expireRung(problem)
  }

  /** Which ways are left changes with each of them. */
  function updateFallback(body: unknown): void {
    const { fallback, fallback_in } = fieldsOf(body)
    if (step && fallback)
      keep({
        ...step,
        fallback: fallback as string[],
        fallbackAt: instant(fallback_in, clock.now()) ?? step.fallbackAt,
      })
  }

  /** Goes on from what `status` said. @param failed why the return leg failed, where it did */
  async function onStatus({ body }: Answer, signal: Signal, failed?: Returned): Promise<void> {
    const { state, reason = failed?.reason } = fieldsOf(body)
    const why = (otherwise: string) => problemOf(failed?.code ?? otherwise, 0, { reason: reason as string | undefined })
    if (state === 'verified') return verify({}, signal)
    if (state !== 'pending') {
      forget()
      return fail(why(reason === 'user_refused' ? reason : 'ladder_exhausted'))
    }
    updateFallback(body)
    return loseRung(why('rung_unable'), signal)
  }

  async function verify(fields: Fields, signal: Signal): Promise<void> {
    show({ state: 'checking' })
    again = (signal) => verify(fields, signal)
    const { body, problem } = await ask('verify', fields, signal)
    const { attempts_left: left, device } = fieldsOf(body)
    if (!problem) {
      forget()
      memory.keepDevice(device)
      follow()
      return settleIn({ state: 'done', result: body as Result })
    }
    updateFallback(body)
    const { code } = problem
    if (code === 'mismatch' || code === 'rung_unable') return loseRung(problem, signal)
    if (step?.type !== 'enter_code') return fail(problem)
    const wrong = code === 'invalid_code'
    if (!wrong && code !== 'invalid_request') return mayPass(problem) ? refuse(problem) : fail(problem)
    again = undefined
    if (wrong) keep({ ...step, attemptsLeft: Number(left) })
    if (left !== 0) wait({ code, action: 'retry' })
    else if (step.fallback.length) return loseRung(problem, signal)
    else {
      // Another message may still be sent.
      again = requestResend
      wait({ code, action: 'wait', retryAt: step.resendAt })
    }
  }

  async function startNextRung(signal: Signal): Promise<void> {
    again = startNextRung
    show({ state: 'falling_back' })
    for (;;) {
      const { body, problem } = await ask('fallback', {}, signal)
      if (!problem) return enter(body, signal)
      const { code, retryAt } = problem
      if (code !== 'too_early') return refuse(problem)
      // Too early without a time when it will not be: the number is proven already.
      if (!retryAt) return verify({}, signal)
      show({ state: 'falling_back', retryAt })
      await waitUntil(retryAt, signal)
    }
  }

  async function requestResend(signal: Signal): Promise<void> {
    again = requestResend
    show({ state: 'resending' })
    const { body, problem } = await ask('resend', {}, signal)
    if (!problem) return enter(body, signal)
    const { code, retryAt } = problem
    if (code === 'too_early') return verify({}, signal)
    if (step && (code === 'cooldown' || code === 'send_refused')) keep({ ...step, resendAt: retryAt })
    refuse(problem)
  }

  async function resumeLogin(signal: Signal): Promise<void> {
    // Effects of React run, are undone and run again in one go: nothing is taken before that is over.
    await idle(Promise.resolve(), signal)
    returned = takeReturn() ?? returned
    step = memory.load() ?? step
    again = resumeLogin
    if (step) show({ state: 'checking' })
    const answer = step ? await ask('status', {}, signal) : { problem: problemOf('flow_invalid') }
    const { problem } = answer
    if (problem && problem.code !== 'flow_invalid') return fail(problem)
    // What could be repeated is the look at how far the login is; the code went with the return leg.
    const fragment = returned?.fragment
    const failed = fragment === undefined ? returned : undefined
    if (failed?.code !== 'in_progress' && failed?.code !== 'pending') again = returned = undefined
    const why = failed && problemOf(failed.code, 0, failed)
    if (problem) {
      forget()
      if (problem.reason === 'no_cookie') return fail(problem)
      // The last login of this tab ended well, or it ended on the return leg, which said why.
      return why ? fail(why) : settleIn({ state: 'idle' })
    }
    if (!isOpen(answer)) return onStatus(answer, signal, failed)
    // A code has to name its check: a link with a code alone, sent by a stranger, would use up the login's try.
    if (step?.type === 'open_url' && /request_id=|error_description=/.test(fragment ?? ''))
      return verify(Object.fromEntries(new platform.URLSearchParams(fragment as string)), signal)
    if (!wait(why)) fail(why ?? problemOf('interrupted'))
  }

  /** The page was kept as it was when it left for the check, and the user came back to it. */
  function onPageShow(event: { persisted?: boolean }): void {
    if (!event.persisted) return
    stop()
    void run('resume', resumeLogin)
  }

  async function start(
    phoneNumber: string,
    { signal: theirs }: { signal?: Signal | undefined } = {},
  ): Promise<Progress<Result>> {
    demand(typeof phoneNumber === 'string', 'phoneNumber must be a string')
    demand(platform.location || baseUrl, 'baseUrl is missing')
    return run('start', async (signal) => {
      const before = memory.load()
      forget()
      returned = undefined
      follow(theirs)
      if (theirs?.aborted) return cancel()
      const begin: Work = async (signal) => {
        again = begin
        show({ state: 'starting' })
        const { body, problem } = await ask(
          'start',
          { phone_number: phoneNumber.trim(), device: memory.device() },
          signal,
        )
        if (!problem) return enter(body, signal)
        // A code of the login before is on its way: a page that is loaded again may still take it.
        if (before && problem.code === 'cooldown') memory.save(before)
        fail(problem)
      }
      return begin(signal)
    })
  }

  async function submitCode(code: string): Promise<Progress<Result>> {
    demand(typeof code === 'string', 'code must be a string')
    const { type, length, attemptsLeft } = step ?? {}
    if (type !== 'enter_code' || attemptsLeft === 0) return now()
    const typed = typedCode(code)
    return run('code', async (signal) => {
      if ([...typed].length === length) return verify({ code: typed }, signal)
      // Not even asked: it costs no try there either.
      wait({ code: 'invalid_request', action: 'retry' })
    })
  }

  async function retry(): Promise<Progress<Result>> {
    const progress = now()
    const repeat = again
    const { retryAt = 0 } = progress.state === 'failed' ? progress.problem : {}
    if (!repeat || retryAt > clock.now() + flowLifeMs) return progress
    return run('retry', async (signal) => {
      if (retryAt > clock.now()) await waitUntil(retryAt, signal)
      return repeat(signal)
    })
  }

  function cancel(): void {
    stop()
    follow()
    // What was not taken up yet is not this login.
    if (now().state !== 'idle') forget()
    settleIn({ state: 'idle' })
  }

  return {
    get progress() {
      return now()
    },
    subscribe,
    start,
    submitCode,
    resend: async () => (step?.type === 'enter_code' ? run('resend', requestResend) : now()),
    fallback: async () => (step?.fallback.length ? run('fallback', startNextRung) : now()),
    retry,
    resume: async () => (now().state === 'idle' ? run('resume', resumeLogin) : now()),
    cancel,
  }
}
