import { setTimeout as sleep } from 'node:timers/promises'
import type { Simulator } from 'passport-phonecheck/simulator'
import type { Store } from '../../../src/contracts/store.js'
import { flowKey } from '../../../src/flow/record.js'
import type { Answer, AppProcess } from './fleet.js'
import { codeOf } from './logins.js'

/** How a login ended, and whether anything went wrong on its way. */
export interface Account {
  end:
    | 'logged in'
    /** Redeemed, and the answer died with its process or connection: the user starts again. */
    | 'answer lost'
    /** The provider had used the code up for a redeem whose outcome was never written. */
    | 'used up'
    /** Nothing was begun: the start itself failed. */
    | 'not begun'
  /** Answers that were no verdict: connection lost, 503, 409. */
  troubles: number
  /** Successful answers, those to replays included. */
  successes: number
  /** The state its record was left in. */
  state: string | undefined
}

const patienceMs = 300_000

/**
 * One person who does not give up: asks again, at whichever process answers, until the login has an
 * end; and then tries to use it once more.
 */
export async function logIn(
  sim: Simulator,
  anyApp: () => AppProcess,
  store: Store,
  number: string,
  rung: 'silent' | 'code',
): Promise<Account> {
  const account: Account = { end: 'not begun', troubles: 0, successes: 0, state: undefined }
  const begun = await insist(account, () => anyApp().post(`/${rung}`, { phone_number: number }), [201])
  if (begun?.status !== 201) return account
  const { flow, challenge } = begun.body
  const body = { flow, code: rung === 'code' ? codeOf(sim, number) : await openedBy(sim, number, challenge.url) }
  const verify = () => anyApp().post(`/${rung}/verify`, body)
  const last = await insist(account, verify, [200, 401, 422])
  // Whoever logged in once cannot do it again, and whoever did not cannot by insisting.
  const replay = await insist(account, verify, [200, 401, 422])
  const found = await kept(store, flow)
  account.state = found === undefined ? undefined : JSON.parse(found).state
  for (const answer of [last, replay]) if (answer?.status === 200) account.successes += 1
  if (account.successes > 0) account.end = 'logged in'
  else account.end = account.state === 'consumed' ? 'answer lost' : 'used up'
  return account
}

/** @returns the first answer with one of these statuses, or the last one there was */
async function insist(
  account: Account,
  ask: () => Promise<Answer>,
  until: readonly number[],
): Promise<Answer | undefined> {
  const end = performance.now() + patienceMs
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer && until.includes(answer.status)) return answer
    account.troubles += 1
    const waitMs = answer && answer.retryAfter > 0 ? answer.retryAfter * 1000 : 100
    // Nobody waits ten minutes, as a number must that was sent three messages whose fate is unknown.
    if (performance.now() + waitMs > end) return answer
    await sleep(waitMs)
  }
}

async function openedBy(sim: Simulator, number: string, url: string): Promise<string> {
  const end = await sim.phone(number).open(url)
  if (!('body' in end)) throw new Error('the phone has no mobile data')
  return (end.body as { code: string }).code
}

async function kept(store: Store, flow: string): Promise<string | undefined> {
  return (await store.find(flowKey(flow)))?.record
}
