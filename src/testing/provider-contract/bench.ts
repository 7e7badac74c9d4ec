import { ok } from 'node:assert'
import type { CallContext, Check, Outcome, Provider, Started, StartInput, Unable } from '../../contracts/provider.js'
import { keyedHash } from '../../lib/crypto.js'
import { asOutage } from '../../lib/errors.js'

/** Makes one call to the vendor; a case may lose its answer, put another in its place, or count it. */
export type VendorCall<Answer> = (send: () => Promise<Answer>) => Promise<Answer>

/** How the contract gets at the rung under test. `Answer` is what its vendor answers one call with. */
export interface ProviderSubject<Answer = unknown> {
  /**
   * A rung that makes every call to its vendor by `call`: of a rung over HTTP the `fetch` that is
   * injected, of `ownSms` what `send` does. Called once for each case.
   */
  create(call: VendorCall<Answer>): Provider | Promise<Provider>
  /**
   * Does what the right device does with a challenge.
   * @returns the code that it brings; undefined of a rung that is only polled
   */
  answer(started: Started, phoneNumber: string): string | undefined | Promise<string | undefined>
  /** A code that has the right form and is wrong. Without it those cases are left out. */
  wrong?(code: string): string
  /** Makes answers that are none of the documented ones: an error page with 200, an empty object, half a text. */
  malformed: readonly (() => Answer)[]
  /** What no error and no event may hold: credentials, tokens. The number and the code are looked for anyway. */
  secrets: readonly string[]
  /**
   * E.164 with plus: the number of each login, for vendors that take one message of a number at a
   * time. Two logins of one number are only begun of rungs that send none. Default `+12025550100`.
   */
  phoneNumber?(login: number): string
}

/** What a case works with. */
export interface RungBench {
  readonly rung: Provider
  readonly subject: ProviderSubject<unknown>
  readonly events: unknown[]
  /** Numbers of the logins so far. */
  readonly numbers: () => string[]
  /** How many calls were made to the vendor. */
  calls: number
  /** What becomes of the next calls; undefined lets them through. */
  fault: VendorCall<unknown> | undefined
  /** @param login whose number it is of; default: the next one's */
  start(login?: number): Promise<Started & { phoneNumber: string }>
  /** As it is: what the rung answers or throws. */
  tryStart(login?: number): Promise<(Started & { phoneNumber: string }) | Unable | Error>
  /** Redeems, or polls where the rung has no codes. */
  ask(check: Check, code: string | undefined): Promise<Outcome | Error>
}

/** One promise of the contract, before it meets a rung. */
export interface PromisedOfRung {
  name: string
  why: string
  /** Whether it holds for such a rung at all. */
  holdsFor?(rung: Provider, subject: ProviderSubject<unknown>): boolean
  check(bench: RungBench): Promise<void>
}

export async function openBench(subject: ProviderSubject<unknown>): Promise<RungBench> {
  const events: unknown[] = []
  let flows = 0
  const numberOf = (login: number) => subject.phoneNumber?.(login) ?? '+12025550100'
  const call: VendorCall<unknown> = (send) => {
    bench.calls += 1
    return bench.fault ? bench.fault(send) : send()
  }
  const rung = await subject.create(call)
  const context = (): CallContext => ({
    deadline: { leftMs: () => 10_000 },
    emit: (event) => events.push(event),
    keyedHash: keyedHash('a-secret-of-the-contract-for-tests', rung.name),
  })
  const begin = async (login = flows) => {
    flows += 1
    const phoneNumber = numberOf(login)
    const flowId = flows.toString(16).padStart(16, '0')
    const input: StartInput = { phoneNumber, flowId, purpose: 'login', resends: 0, delivery: 'body' }
    return { ...(await rung.start(input, context())), phoneNumber }
  }
  const caught = <T>(promise: Promise<T>): Promise<T | Error> => promise.catch((error: unknown) => asOutage(error))
  const bench: RungBench = {
    rung,
    subject,
    events,
    numbers: () => Array.from({ length: flows + 1 }, (_, login) => numberOf(login)),
    calls: 0,
    fault: undefined,
    async start(login) {
      const started = await begin(login)
      ok('challenge' in started, 'start must answer with a challenge when its vendor does as documented')
      return started
    },
    tryStart: (login) => caught(begin(login)),
    ask: (check, code) =>
      caught(
        (async () => {
          const outcome = await (code === undefined
            ? rung.poll?.(check, context())
            : rung.redeem?.(check, code, context()))
          ok(outcome, 'a rung has redeem or poll')
          return outcome
        })(),
      ),
  }
  return bench
}
