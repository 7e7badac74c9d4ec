import { e164 } from '../phones/number.js'
import { basicCredentials } from '../server/basic-auth.js'
import { json, type Reply } from '../server/reply.js'
import { mediaType, type SimRequest } from '../server/request.js'
import type { Handler, Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { twilioError } from './error.js'
import { type TwilioChannel, type TwilioVerification, twilioChannels } from './verifications.js'

const base = '/v2/Services/:service'

/** Twilio Verify v2, as far as codes go. Parameters that it does not know it ignores. */
export function twilioRoutes(state: SimulatorState): Route[] {
  const route = (method: string, path: string, handle: ServiceHandler): Route => ({
    method,
    path: `${base}/${path}`,
    from: 'server',
    handle: withAccount(state, handle),
  })
  return [
    route('POST', 'Verifications', create),
    route('POST', 'VerificationCheck', check),
    route('GET', 'Verifications/:sid', (call) => withVerification(call, (found) => json(200, resource(call, found)))),
    route('POST', 'Verifications/:sid', update),
  ]
}

export function isTwilioPath(path: string): boolean {
  return path.startsWith('/v2/Services/')
}

interface Call {
  readonly state: SimulatorState
  readonly account: string
  readonly service: string
  readonly sid: string
  readonly form: URLSearchParams
}

type ServiceHandler = (call: Call) => Reply

function withAccount(state: SimulatorState, handle: ServiceHandler): Handler {
  return (request) => {
    const user = authenticate(state, request)
    if (user === undefined) return twilioError(20003)
    const rate = state.twilio.rates.hit(user)
    if (rate.retryAfterSeconds !== undefined)
      return twilioError(20429, undefined, { 'Retry-After': String(rate.retryAfterSeconds) })
    const { service = '', sid = '' } = request.params
    if (!/^VA[0-9a-fA-F]{32}$/.test(service)) return twilioError(20404)
    const isForm = mediaType(request.headers) === 'application/x-www-form-urlencoded'
    const form = new URLSearchParams(isForm ? request.body.toString('utf8') : '')
    // An API key acts for an account whose SID the request does not show.
    const account = /^AC[0-9a-fA-F]{32}$/.test(user) ? user : `AC${'0'.repeat(32)}`
    return handle({ state, account, service, sid, form })
  }
}

function authenticate(state: SimulatorState, request: SimRequest): string | undefined {
  const given = basicCredentials(request.headers)
  if (given === undefined) return undefined
  const { accounts } = state.twilio
  const isKnown =
    accounts === undefined || (Object.hasOwn(accounts, given.user) && accounts[given.user] === given.password)
  return isKnown ? given.user : undefined
}

function create({ state, account, service, form }: Call): Reply {
  const to = form.get('To') ?? ''
  const channel = twilioChannels.find((known) => known === form.get('Channel'))
  if (!to.startsWith('+') || e164(to) === undefined) return invalid('To', to)
  const isNetwork = form.get('Channel') === 'sna'
  if (channel === undefined && !isNetwork) return invalid('Channel', form.get('Channel'))
  const forced = state.overrides.get(to)?.twilio?.sendError
  if (forced !== undefined) return twilioError(forced)
  if (channel === undefined) return createNetwork(state, { service, account, to }, form)
  const appHash = channel === 'sms' ? (form.get('AppHash') ?? undefined) : undefined
  const verification = state.twilio.verifications.send({ service, account, to, channel, appHash })
  return verification ? json(201, resource({ state }, verification)) : twilioError(60203)
}

function createNetwork(
  state: SimulatorState,
  wanted: { service: string; account: string; to: string },
  form: URLSearchParams,
): Reply {
  // Not played without it: a check by the SID alone is then answered to whoever asks.
  if (form.get('EnableSnaClientToken') !== 'true') return invalid('Channel', 'sna')
  const verification = state.twilio.verifications.openNetwork(wanted)
  const attempt = verification?.attempts.at(-1)
  if (!verification || !attempt) return twilioError(60203)
  const url = state.url + state.twilio.sna.open(verification, attempt.sid)
  return json(201, { ...resource({ state }, verification), sna: { url } })
}

function check(call: Call): Reply {
  const { state, service, form } = call
  const { verifications } = state.twilio
  const code = form.get('Code') ?? ''
  const sid = form.get('VerificationSid')
  const token = form.get('SnaClientToken')
  if (token === null && !/^.{4,10}$/.test(code)) return invalid('Code', code)
  const found = sid === null ? verifications.ofNumber(service, form.get('To') ?? '') : verifications.find(service, sid)
  if (!found) return twilioError(20404)
  return token === null ? judged(state, found, code) : judgedByNetwork(state, found, token)
}

function judged(state: SimulatorState, found: TwilioVerification, code: string): Reply {
  const forced = state.overrides.get(found.to)?.twilio?.checkError
  if (forced !== undefined) return twilioError(forced)
  if (found.status !== 'pending') return state.behaviour.twilioSpent === 429 ? twilioError(60202) : twilioError(20404)
  const status = state.twilio.verifications.check(found, code)
  return json(200, { ...facts(found), status, valid: status === 'approved', sna_attempts_error_codes: [] })
}

function judgedByNetwork(state: SimulatorState, found: TwilioVerification, token: string): Reply {
  const { sna, verifications } = state.twilio
  const forced = state.overrides.get(found.to)?.twilio?.checkError
  if (forced !== undefined) return twilioError(forced)
  if (found.status !== 'pending') return twilioError(20404)
  if (token !== sna.tokenOf(found)) return twilioError(60007)
  const isMatched = sna.isMatched(found)
  if (isMatched) verifications.end(found, 'approved')
  const status = isMatched ? 'approved' : 'pending'
  const failures = sna.failuresOf(found)
  return json(200, { ...facts(found), status, valid: isMatched, sna_attempts_error_codes: failures })
}

function update(call: Call): Reply {
  return withVerification(call, (found) => {
    const status = call.form.get('Status')
    if (status !== 'canceled' && status !== 'approved') return invalid('Status', status)
    call.state.twilio.verifications.end(found, status)
    return json(200, resource(call, found))
  })
}

function withVerification(call: Call, handle: (found: TwilioVerification) => Reply): Reply {
  const found = call.state.twilio.verifications.find(call.service, call.sid)
  return found?.status === 'pending' ? handle(found) : twilioError(20404)
}

/** The document, in the order of the vendor's example. */
function resource({ state }: Pick<Call, 'state'>, verification: TwilioVerification) {
  const { sid, service, status, attempts } = verification
  const { date_created, date_updated, ...rest } = facts(verification)
  return {
    ...rest,
    status,
    valid: status === 'approved',
    date_created,
    date_updated,
    lookup: {},
    send_code_attempts: attempts.map(({ sid: attempt_sid, channel, at }) => ({
      time: date(at),
      channel: channelWords[channel],
      attempt_sid,
    })),
    sna: null,
    url: `${state.url}/v2/Services/${service}/Verifications/${sid}`,
  }
}

function facts({ sid, service, account, to, channel, createdAt, updatedAt }: TwilioVerification) {
  const dates = { date_created: date(createdAt), date_updated: date(updatedAt) }
  return { sid, service_sid: service, account_sid: account, to, channel, amount: null, payee: null, ...dates }
}

/** Spelled as the vendor's examples have them. */
const channelWords: Record<TwilioChannel | 'sna', string> = {
  sms: 'SMS',
  call: 'CALL',
  whatsapp: 'whatsapp',
  sna: 'SNA',
}

function date(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** The vendor quotes what it was sent, numbers included: a library must not pass that on. */
function invalid(name: string, value: string | null): Reply {
  return twilioError(60200, `Invalid parameter \`${name}\`: ${value ?? ''}`)
}
