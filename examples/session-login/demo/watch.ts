import type { Handler } from 'express'
import type { OwnMessage, PhoneCheckEvent } from 'passport-phonecheck'
import type { MessageRecord, RequestRecord, Simulator } from 'passport-phonecheck/simulator'
import type { DemoPhone } from './demo-phone.js'
import { explain, explainMessage } from './explain.js'
import { explainEvent } from './explain-event.js'
import type { LadderSwitch } from './ladder-switch.js'
import { maskPath } from './mask.js'
import { callScreen, idleScreen, openingScreen, textScreen, withCode, withFailure, withHop } from './phone-screen.js'
import type { Party, ProtocolLog } from './protocol-log.js'

/** Puts the vendor's side into the log, and what a device did there on the phone's screen. */
export function watchSimulator(sim: Simulator, phone: DemoPhone, log: ProtocolLog, choice: LadderSwitch): void {
  sim.onRequest(({ method, path, status, from, sdk }: RequestRecord) => {
    const device: Party = sdk ? 'Phone' : 'Page'
    const to = vendorAt(path)
    const shown = maskPath(isAuthorization(path) ? (path.split('?')[0] ?? path) : path)
    if (from === 'device') {
      // A browser asks for icons too.
      if (!/^\/(_operator|phone_check|camara|v2\/verify)\//.test(path)) return
      // A browser opens the check URL by itself; nobody told the phone that this begins.
      if (!sdk && (!path.startsWith('/_operator/') || isAuthorization(path))) phone.show(openingScreen)
      phone.show(withHop(phone.screen, { to, path: shown, status }))
    }
    log.add({
      kind: 'request',
      from: from === 'device' ? device : 'App',
      to,
      what: `${method} ${shown}`,
      status,
      note: explain(method, path, status),
      ...(isQuestion(method, path) && { times: 1 }),
    })
  })
  sim.onMessage((message) => {
    // Numbers are masked but for the end. Other phones than the one that is shown may get codes too.
    const isOurs = message.kind !== 'callback' && message.phone.slice(-4) === phone.handset.sim?.slice(-4)
    if (isOurs && message.direction === 'to_phone') phone.show(message.kind === 'call' ? callScreen : textScreen)
    // The call that sent it is logged when it is answered; what came of it belongs below.
    setImmediate(() => void log.add(messageStep(message, isOurs, choice.current.sender)))
  })
}

/** Its query is long, and all of it is masked. */
function isAuthorization(path: string): boolean {
  return path.startsWith('/camara/authorize')
}

function vendorAt(path: string): Party {
  return vendors.find(([prefix]) => prefix.test(path))?.[1] ?? 'IDlayr'
}

const vendors: readonly (readonly [RegExp, Party])[] = [
  [/^\/(_operator|camara|number-verification|one-time-password-sms)\//, 'Operator'],
  [/^\/fraud\//, 'iDenfy'],
  [/^\/v1beta\/jwks$/, 'Google'],
  [/^\/v2\/verify\b/, 'Vonage'],
  [/^\/v2\/Services\//, 'Twilio'],
]

/** What is asked again and again until there is an answer. */
function isQuestion(method: string, path: string): boolean {
  return (method === 'GET' && path.startsWith('/mo_check/')) || (method === 'POST' && path === '/login/phone/status')
}

function messageStep(message: MessageRecord, isOurs: boolean, sender: Party): Parameters<ProtocolLog['add']>[0] {
  const note = explainMessage(message, isOurs)
  if (message.kind === 'callback') {
    return {
      kind: 'request',
      from: 'IDlayr',
      to: 'App',
      what: 'POST /webhooks/phone',
      status: message.status ?? 'failed',
      note,
    }
  }
  const isOutgoing = message.direction === 'from_phone'
  return {
    kind: 'request',
    from: isOutgoing ? 'Phone' : sender,
    to: isOutgoing ? 'IDlayr' : 'Phone',
    what: message.kind === 'call' ? 'voice call' : 'SMS',
    status: message.delivered ? 'sent' : 'lost',
    note,
  }
}

/** Puts the page's calls to the app into the log. */
export function watchApp(phone: DemoPhone, log: ProtocolLog): Handler {
  return (req, res, next) => {
    const { method, path, url } = req
    const begins = method === 'POST' && /^\/login\/phone(\/browser)?$/.test(path)
    const isReturn = method === 'GET' && path === '/login/phone/return'
    if (!isReturn && !(method === 'POST' && /^\/log(in|out)\b/.test(path))) return next()
    if (begins) phone.show(idleScreen)
    if (isReturn) showReturn(phone, new URL(url, 'http://localhost').searchParams)
    const what = `${method} ${maskPath(url)}`
    const entry = log.add({
      kind: 'request',
      from: 'Page',
      to: 'App',
      what,
      status: null,
      note: explain(method, path, null),
      ...(begins && { begins }),
      ...(isQuestion(method, path) && { times: 1 }),
    })
    res.once('close', () => {
      const status = res.writableFinished ? res.statusCode : null
      log.answer(
        entry,
        status,
        status === null ? 'The page has not waited for the answer.' : explain(method, path, status),
      )
    })
    next()
  }
}

/** The app's own gateway: its messages reach the phone, if they are for its SIM. */
export function gateway(phone: DemoPhone, log: ProtocolLog): (message: OwnMessage) => void {
  return ({ to, text }) => {
    log.add({
      kind: 'request',
      from: 'App',
      to: 'Gateway',
      what: 'send',
      status: 'sent',
      note: 'The app made the code itself, and gives the whole message to its gateway.',
    })
    const isOurs = phone.receive(to, text)
    log.add({
      kind: 'request',
      from: 'Gateway',
      to: 'Phone',
      what: 'SMS',
      status: 'sent',
      note: isOurs ? 'A text with the code reaches the phone.' : 'The text goes to a phone that is not this one.',
    })
  }
}

/** Puts what the library tells its operator into the log. Its events are masked already. */
export function watchLibrary(log: ProtocolLog): (event: PhoneCheckEvent) => void {
  return (event) => {
    // Of vendors' sandboxes, which is for operators of a real app.
    if (event.type === 'reminder') return
    log.add({ kind: 'event', what: event.type, note: explainEvent(event) })
  }
}

function showReturn(phone: DemoPhone, query: URLSearchParams): void {
  const error = query.get('error')
  if (error !== null) phone.show(withFailure(phone.screen, error))
  else phone.show(withCode(phone.screen, '••••••'))
}
