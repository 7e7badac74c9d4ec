import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert'
import type { Outcome } from '../../contracts/provider.js'
import { isOutage } from '../../lib/errors.js'
import type { PromisedOfRung, RungBench } from './bench.js'

const isYes = (outcome: Outcome | Error) => !(outcome instanceof Error) && outcome.outcome === 'verified'

/** A started check with what the right device brings for it. */
async function answered(bench: RungBench) {
  const started = await bench.start()
  return { started, code: await bench.subject.answer(started, started.phoneNumber) }
}

/** Nothing of a person, a code or an account is in what others read. Short codes turn up by chance. */
function hidesSecrets(bench: RungBench, problem: unknown, code?: string): void {
  const said = `${problem instanceof Error ? `${problem.message} ${JSON.stringify(problem)}` : JSON.stringify(problem)} ${JSON.stringify(bench.events)}`
  const numbers = bench.numbers().map((number) => number.slice(1))
  for (const secret of [
    ...numbers,
    ...bench.subject.secrets,
    ...(code !== undefined && code.length >= 6 ? [code] : []),
  ])
    ok(!said.includes(secret), 'an error or event holds a number, a code or a secret')
}

/** Whether a rung says that its vendor certainly did nothing. */
function isUntried(answer: object): boolean {
  return 'details' in answer && (answer.details as { untried?: boolean }).untried === true
}

const lost = async (send: () => Promise<unknown>): Promise<never> => {
  await send()
  throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
}

/** All that a rung keeps. */
export const promisedOfProviders: readonly PromisedOfRung[] = [
  {
    name: 'says what it is',
    why: 'the ladder refuses it, or counts wrong codes nowhere',
    async check({ rung }) {
      ok(/^[a-z][a-z0-9-]*$/.test(rung.name), 'name must be a word in lower case')
      ok(rung.vendor !== '', 'vendor must be set')
      ok(['low', 'medium', 'high'].includes(rung.assurance), 'assurance must be low, medium or high')
      ok(rung.ttlSeconds > 0 && rung.ttlSeconds <= 600, 'ttlSeconds must be above 0 and at most 600')
      ok(rung.redeem || rung.poll, 'it must have redeem or poll')
      ok(rung.dwellSeconds >= 0 && rung.dwellSeconds <= 600, 'dwellSeconds must be from 0 to 600')
      ok((rung.resendAfterSeconds ?? 1) > 0, 'resendAfterSeconds must be above 0')
      ok(!(rung.sends && rung.redeem) || rung.guessable !== undefined, 'a rung that sends codes must say `guessable`')
      ok(
        (rung.codeLength ?? 11) > 10 || rung.guessable,
        'codes of up to 10 digits can be guessed: say `guessable: true`',
      )
      ok(!rung.redeem || rung.codeGrammar, 'a rung with redeem needs a codeGrammar: without one no code is taken')
      ok(!rung.codeGrammar?.global && !rung.codeGrammar?.sticky, 'codeGrammar must have neither g nor y')
      if (rung.poll && !rung.redeem)
        strictEqual(rung.ownCheck, true, 'a rung that is only polled must declare `ownCheck: true`')
    },
  },
  {
    name: 'declares that it asks for a code',
    why: 'messages without a limit, or wrong codes that are counted nowhere',
    async check(bench) {
      const { challenge } = await bench.start()
      if (challenge.type !== 'enter_code') return
      ok(bench.rung.sends !== undefined, 'a rung that asks for a code must say whether it `sends` one')
      ok(
        challenge.length > 10 || bench.rung.guessable,
        'codes of up to 10 digits can be guessed: say `guessable: true`',
      )
      ok(
        [undefined, challenge.length].includes(bench.rung.codeLength),
        'codeLength must be the length that it asks for',
      )
    },
  },
  {
    name: 'says yes to what the right device brings',
    why: 'nobody can log in by it',
    async check(bench) {
      const { started, code } = await answered(bench)
      if (code !== undefined) ok(bench.rung.codeGrammar?.test(code), 'codeGrammar must take the right code')
      ok(isYes(await bench.ask(started.check, code)), 'it must be verified')
    },
  },
  {
    name: 'says no to a wrong code',
    why: 'anybody can log in as anybody',
    holdsFor: ({ redeem }, { wrong }) => redeem !== undefined && wrong !== undefined,
    async check(bench) {
      const { started, code = '' } = await answered(bench)
      const outcome = await bench.ask(started.check, bench.subject.wrong?.(code))
      ok(!(outcome instanceof Error), 'a wrong code is a verdict and no outage')
      ok(outcome.outcome !== 'verified' && outcome.outcome !== 'pending', 'a wrong code must be refused')
    },
  },
  {
    name: 'takes no other spelling of the right code for it',
    why: 'a comparison that converts (==, Number) makes guessing cheaper',
    holdsFor: ({ redeem }) => redeem !== undefined,
    async check(bench) {
      for (const spelling of [' #', '# ', '0#', '+#', '#.0', '#\u0000', '##', '']) {
        const { started, code = '' } = await answered(bench)
        const other = spelling.replaceAll('#', code)
        ok(!isYes(await bench.ask(started.check, other)), `it says yes to '${spelling}', where # is the code`)
      }
    },
  },
  {
    name: 'takes a malformed answer to start for an outage',
    why: 'a proxy in between begins logins that nobody can finish',
    async check(bench) {
      for (const make of bench.subject.malformed) {
        bench.fault = async (send) => {
          await send()
          return make()
        }
        const before = bench.calls
        const answer = await bench.tryStart()
        // Some rungs begin without their vendor.
        if (bench.calls === before) return
        ok(answer instanceof Error || 'unable' in answer, 'start must fail on an answer that is none')
        ok(!bench.rung.sends || !isUntried(answer), 'a message may be out: an answer that is none is not `untried`')
        hidesSecrets(bench, answer)
      }
    },
  },
  {
    name: 'takes a malformed answer to a code or question for no yes',
    why: 'whoever stands between us and the vendor logs in as anybody',
    async check(bench) {
      for (const make of bench.subject.malformed) {
        bench.fault = undefined
        const { started, code } = await answered(bench)
        const before = bench.calls
        bench.fault = async () => make()
        const outcome = await bench.ask(started.check, code)
        if (bench.calls === before) return
        ok(!isYes(outcome), 'it says yes without the vendor')
        ok(
          outcome instanceof Error ? isOutage(outcome) : outcome.outcome !== 'mismatch',
          'it takes noise for a verdict',
        )
        hidesSecrets(bench, outcome, code)
      }
    },
  },
  {
    name: 'repeats nothing that may have sent a message',
    why: 'a lost answer costs twice, and the user has two codes',
    holdsFor: ({ sends }) => sends === true,
    async check(bench) {
      bench.fault = lost
      const answer = await bench.tryStart()
      strictEqual(bench.calls, 1, 'start must ask the vendor once')
      ok(answer instanceof Error && isOutage(answer), 'a lost answer is an outage')
      ok(!isUntried(answer), 'a lost answer is not untried')
      hidesSecrets(bench, answer)
    },
  },
  {
    name: 'says no yes when the answer to a code was lost',
    why: 'an outage logs somebody in',
    async check(bench) {
      const { started, code } = await answered(bench)
      const before = bench.calls
      bench.fault = lost
      const outcome = await bench.ask(started.check, code)
      if (bench.calls > before) ok(!isYes(outcome), 'it says yes without an answer')
      if (bench.rung.guessable)
        ok(bench.calls <= before + 1, 'a code must be brought once: the vendor may have used it up, or count it twice')
      hidesSecrets(bench, outcome, code)
    },
  },
  {
    name: 'tells the checks of two logins of one number apart',
    why: "a stranger's login is won when the owner's device answers the owner's own",
    holdsFor: ({ sends }) => sends !== true,
    async check(bench) {
      const stranger = await bench.start(0)
      const owner = await bench.tryStart(0)
      // A vendor that takes one login of a number at a time keeps them apart itself.
      if ('unable' in owner) return
      ok('challenge' in owner, 'a second login of the same number must begin, or be refused by a reason')
      notStrictEqual(stranger.check.id, owner.check.id, 'two starts must have checks with ids of their own')
      const code = await bench.subject.answer(owner, owner.phoneNumber)
      ok(!isYes(await bench.ask(stranger.check, code)), "the other login is won by this one's proof")
      // A vendor may take a code for used up that was shown to it for the other login.
      const won =
        isYes(await bench.ask(owner.check, code)) ||
        isYes(await bench.ask(owner.check, await bench.subject.answer(owner, owner.phoneNumber)))
      ok(won, 'the login itself must be won')
    },
  },
  {
    name: 'keeps to itself what it is asked at once',
    why: 'one login gets the verdict of another',
    holdsFor: ({ redeem }, { wrong }) => redeem !== undefined && wrong !== undefined,
    async check(bench) {
      const logins = []
      for (let index = 0; index < 4; index++) logins.push(await answered(bench))
      const outcomes = await Promise.all(
        logins.map(({ started, code = '' }, index) =>
          bench.ask(started.check, index % 2 ? bench.subject.wrong?.(code) : code),
        ),
      )
      deepStrictEqual(outcomes.map(isYes), [true, false, true, false])
    },
  },
]
