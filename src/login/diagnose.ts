import type { PhoneCheckEvent } from '../contracts/events.js'
import type { Finding } from '../contracts/finding.js'
import type { Provider } from '../contracts/provider.js'
import { wallTime, withTimeout } from '../lib/clock.js'
import { createSecret } from '../lib/crypto.js'
import { isObject } from '../lib/json.js'
import { limits } from '../limits/numbers.js'
import { guardStore } from '../stores/guard.js'
import { callContext, createRequestContext, type LoginContext } from './context.js'

/** Between two machines that agree, with the time of an answer. */
const skewMs = 5_000
/** Five calls of a store that logins do not wait for. */
const slowMs = 500
const soonMs = 14 * 86_400_000

/** What is wrong with store, vendors, review numbers and limits. Asks nobody anything that costs. */
export async function diagnoseLogin(login: LoginContext): Promise<Finding[]> {
  const { ladder } = login
  const found = await Promise.all([
    storeFindings(login),
    adviceOfStore(login),
    ...ladder.rungs.map((rung) => rungFindings(login, rung)),
  ])
  return [...found.flat(), ...settingFindings(login)]
}

/** Does once what logins do, under keys of its own: missing tables, rights and connections show. */
async function storeFindings({ settings: { store: own, clock } }: LoginContext): Promise<Finding[]> {
  const heard: PhoneCheckEvent[] = []
  const store = guardStore(own, (event) => heard.push(event), clock)
  const key = `diagnose/${createSecret()}`
  const began = clock.now()
  const tried = async () => {
    const hits = [{ key, limit: 1, windowSeconds: 60 }]
    const charged = store.insertCharged
      ? await store.insertCharged(key, 'x', 60, hits)
      : (await store.insert(key, 'x', 60)) && (await store.count(hits))
    const isReplaced = await store.replace(key, 1, 'y')
    const read = await store.find(key)
    const full = await store.count(hits)
    await store.remove(key)
    return Object(charged).allowed === true && isReplaced && read?.record === 'y' && !full.allowed
  }
  const works = await withTimeout(
    clock,
    limits.requestDeadlineMs,
    tried().catch(() => undefined),
    () => false,
  )
  const took = Math.round(clock.now() - began)
  if (works === undefined)
    return heard.map((event) => ({ level: 'error', code: 'store_failed', message: messageOf(event) }))
  if (!works)
    return [
      finding(
        'error',
        'store_wrong',
        'The store does not keep what is put into it, or does not answer. Prove it with storeContract() of passport-phonecheck/testing.',
      ),
    ]
  if (took > slowMs)
    return [
      finding(
        'warning',
        'store_slow',
        `Five calls of the store took ${took} ms, and each login makes eight. Bring it nearer to the app, or look at its load.`,
      ),
    ]
  return []
}

/** What the store says of its own server. */
async function adviceOfStore({ settings: { store, clock } }: LoginContext): Promise<Finding[]> {
  if (!store.diagnose) return []
  const none = () => undefined
  const asked = async (): Promise<unknown> => store.diagnose?.()
  const answer = await withTimeout(clock, limits.requestDeadlineMs, asked().catch(none), none)
  const { advice, nowMs } = isObject(answer) ? answer : {}
  const texts = Array.isArray(advice) ? advice.filter((text) => typeof text === 'string') : []
  const found = texts.map((message) => finding('warning', 'store_setting', message))
  const skew = typeof nowMs === 'number' ? Math.round((wallTime(clock) - nowMs) / 1000) : 0
  if (Math.abs(skew) * 1000 > skewMs)
    found.push(
      finding(
        'error',
        'clock_skew',
        `The clocks of this machine and of the store differ by ${Math.abs(skew)} seconds. Tokens and signed webhooks are judged by this one: synchronise both (NTP).`,
      ),
    )
  return found
}

async function rungFindings(login: LoginContext, rung: Provider): Promise<Finding[]> {
  if (!rung.probe)
    return [
      finding(
        'note',
        'credentials_untried',
        `${rung.name}: there is no call without cost that would prove its credentials. Watch provider_misconfigured at the first login.`,
      ),
    ]
  const heard: PhoneCheckEvent[] = []
  const { clock } = login.settings
  const { deadline } = createRequestContext(login, { requester: { address: undefined } })
  const context = {
    ...callContext(login, rung, { deadline }),
    emit: (event: PhoneCheckEvent) => void heard.push(event),
  }
  const unasked = () =>
    `${rung.name} could not be asked. Nobody can log in by it: look at its address, and at the network between.`
  const probed = async () => void (await rung.probe?.(context))
  // One of somebody else may throw at once, or keep to no deadline.
  const failure = await withTimeout(clock, limits.requestDeadlineMs, probed().then(nothing, unasked), unasked)
  if (failure === undefined) return []
  const refused = heard.find(({ type }) => type === 'provider_misconfigured')
  const [told = refused] = refused ? [refused] : heard
  return [finding('error', refused ? 'credentials_refused' : 'vendor_unreachable', told ? messageOf(told) : failure)]
}

const nothing = () => undefined

function settingFindings(login: LoginContext): Finding[] {
  return [...reviewFindings(login.settings), ...limitFindings(login), ...productionNotes(login)]
}

function reviewFindings({ clock, reviewNumbers = [] }: LoginContext['settings']): Finding[] {
  const now = wallTime(clock)
  return reviewNumbers.flatMap(({ until }) => {
    const end = new Date(until)
    if (end.getTime() - now >= soonMs) return []
    const ends = `${end.getTime() > now ? 'ends' : 'ended'} on ${end.toISOString().slice(0, 10)}`
    return finding('warning', 'review_ends', `A review number ${ends}: set a later \`until\`, or take it out.`)
  })
}

function limitFindings({ settings: { limits: options = {} }, limits: own }: LoginContext): Finding[] {
  const nist = limits.nistFailedAttempts
  const many = `limits.wrongCodesPerNumber is above the ${nist} that NIST SP 800-63B allows: lower it.`
  const guessing = own.wrongCodesPerNumber > nist ? [finding('warning', 'guessing', many)] : []
  const endless = (['sendsPerDay', 'sendsPerBlock', 'checksPerDay'] as const)
    .filter((name) => options[name] === Number.POSITIVE_INFINITY)
    .map((name) =>
      finding(
        'warning',
        'limit_endless',
        `limits.${name} is Infinity: nothing bounds what an attack costs. Set what your users need, and no more than the vendor's quota.`,
      ),
    )
  return [...guessing, ...endless]
}

function productionNotes({ settings: { reviewNumbers = [] }, ladder }: LoginContext): Finding[] {
  if (process.env['NODE_ENV'] !== 'production') return []
  const found: Finding[] = []
  if (reviewNumbers.length > 0) {
    const message = `${reviewNumbers.length} review numbers log in by a fixed code. Take out those that no reviewer needs.`
    found.push(finding('note', 'review_numbers', message))
  }
  if (ladder.rungs.some(({ vendor }) => vendor === 'tru.id' || vendor === 'idlayr')) {
    const message =
      "Make sure that the vendor's project is live: a sandbox project believes every number that ends in an even digit."
    found.push(finding('note', 'sandbox_projects', message))
  }
  return found
}

export function finding(level: Finding['level'], code: string, message: string): Finding {
  return { level, code, message }
}

function messageOf(event: PhoneCheckEvent): string {
  return 'message' in event ? event.message : event.type
}
