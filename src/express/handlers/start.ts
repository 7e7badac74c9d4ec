import type { Delivery } from '../../contracts/provider.js'
import type { BindingMode } from '../../flow/record.js'
import { callApplicationNow } from '../../lib/application.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { checkOptions, knownOptions, oneOf } from '../../lib/options.js'
import { type HandlerContext, purposeOf, requesterOf } from '../context.js'
import { hostOf, requireOwnSite } from '../csrf.js'
import type { Handler, HttpRequest } from '../http-types.js'
import { asHandler, sendStep } from '../problem-json.js'
import { optionalString, readBody } from '../request/body.js'

export interface StartOptions {
  /**
   * `cookie` (default) for browsers, `handle` for native apps and APIs, where whoever holds the
   * handle is the starter.
   */
  binding?: BindingMode
  /**
   * How the code comes back. Default: `redirect` when the strategy has a `redirectUrl`, else
   * `body`. `handle` implies `body`.
   */
  delivery?: Delivery
  /**
   * `required`: the body must say `consent: true`, that the user agreed to checks of their number with
   * the operator; else 400. Default `optional`: what the body says is recorded, and handed to providers.
   */
  consent?: 'optional' | 'required'
}

/**
 * Cookies belong to a host: a flow that is begun on `localhost` and returns to `127.0.0.1` has lost
 * its browser. The operator hears of it once.
 */
function hostComparison() {
  let told = false
  return ({ redirectUrl, emit }: HandlerContext, req: HttpRequest) => {
    const host = hostOf(req)
    if (told || redirectUrl === undefined || host === undefined) return
    const { host: expected, protocol } = new URL(redirectUrl)
    if (URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === expected) return
    told = true
    const message =
      `A login was started on another host than redirectUrl's, ${expected}: the browser's cookie will not come back with the return leg, which then ends in flow_invalid. ` +
      "Open the page on redirectUrl's host, or set redirectUrl to the page's. Behind a proxy that rewrites Host, set Express's `trust proxy`."
    emit({ type: 'misconfiguration', code: 'redirect_host', message })
  }
}

/**
 * The vendor sends a browser back only where a flow has an address to go to: without one it ends on
 * the vendor's JSON. The operator hears of it once.
 */
function returnReminder({ emit, purpose }: HandlerContext) {
  let told = false
  return (req: HttpRequest) => {
    // Apps and scripts send none of it.
    if (told || req.headers['sec-fetch-site'] === undefined) return
    told = true
    const where = purpose === 'login' ? 'of the strategy' : `of phone.purpose('${purpose}')`
    const message =
      `A browser started a login, and no redirectUrl says where it returns to: it will end on the vendor's JSON. Set redirectUrl and loginUrl ${where}. ` +
      "For a page inside an app, whose SDK opens the check, say phone.start({ delivery: 'body' })."
    emit({ type: 'misconfiguration', code: 'redirect_missing', message })
  }
}

/** The handler of `POST start`. @throws TypeError for options that cannot work together */
export function startHandler(context: HandlerContext, options: StartOptions): Handler {
  knownOptions('start', options, ['binding', 'delivery', 'consent'])
  checkOptions('start', options, [['consent', oneOf('optional', 'required'), "must be 'optional' or 'required'"]])
  const binding = options.binding ?? 'cookie'
  const delivery = options.delivery ?? (binding === 'cookie' && context.redirectUrl !== undefined ? 'redirect' : 'body')
  if (binding !== 'cookie' && binding !== 'handle') throw new TypeError("start: binding must be 'cookie' or 'handle'")
  if (delivery !== 'redirect' && delivery !== 'body')
    throw new TypeError("start: delivery must be 'redirect' or 'body'")
  if (delivery === 'redirect' && binding === 'handle') {
    throw new TypeError("start: delivery 'redirect' needs binding 'cookie'; only a browser can be sent back")
  }
  if (delivery === 'redirect' && context.redirectUrl === undefined) {
    throw new TypeError("start: delivery 'redirect' needs the strategy's redirectUrl")
  }

  const compareHosts = hostComparison()
  const remindOfReturn = returnReminder(context)
  return asHandler(context, async function phoneCheckStart(req, res) {
    requireOwnSite(context, req, binding)
    // Before the body is waited for: a client that resets its connection after the last byte takes its address with it.
    const { requester, ...rest } = requesterOf(context, req)
    if (delivery === 'redirect') compareHosts(context, req)
    const body = await readBody(req, ['phone_number', 'device', 'locale', 'consent'])
    const device = optionalString(body, 'device', 512)
    const locale = localeOf(context, req, body)
    const consent = consentOf(body, options)
    const started = await context.logins.start({
      phoneNumber: body['phone_number'],
      ...(locale !== undefined && { locale }),
      ...(consent !== undefined && { consent }),
      ...purposeOf(context, req),
      binding,
      delivery,
      ...rest,
      requester: device === undefined ? requester : { ...requester, devices: [device] },
    })
    if (binding === 'cookie') context.cookies.add(req, res, started)
    if (
      binding === 'cookie' &&
      options.delivery === undefined &&
      delivery === 'body' &&
      started.challenge.type === 'open_url'
    )
      remindOfReturn(req)
    sendStep(res, started.handle, started)
  })
}

/** @throws PhoneCheckError `invalid_request` when it is no boolean, or missing where it is required */
function consentOf(body: Record<string, unknown>, { consent: wanted }: StartOptions): boolean | undefined {
  const { consent } = body
  if (consent !== undefined && typeof consent !== 'boolean')
    throw new PhoneCheckError('invalid_request', { message: 'consent must be true or false.' })
  if (wanted === 'required' && consent !== true)
    throw new PhoneCheckError('invalid_request', { message: 'consent must be true: the user has to agree first.' })
  return consent
}

/**
 * The language in which a message is to be written: as the body of start says, else as the app's
 * `locale` does.
 * @returns a canonical BCP 47 tag, such as `de-CH`; undefined where nobody says
 * @throws PhoneCheckError `invalid_request` for a body whose `locale` is no tag
 * @throws TypeError when the app's `locale` returned something else than a tag or undefined
 */
function localeOf({ locale }: HandlerContext, req: HttpRequest, body: Record<string, unknown>): string | undefined {
  const asked = optionalString(body, 'locale', maxLength)
  if (asked !== undefined) {
    const tag = canonical(asked)
    if (tag !== undefined) return tag
    throw new PhoneCheckError('invalid_request', {
      message: 'locale must be a BCP 47 language tag, such as en or de-CH.',
    })
  }
  const own: unknown = locale && callApplicationNow('locale', () => locale(req))
  if (own === undefined || own === null) return undefined
  const tag = typeof own === 'string' && own.length <= maxLength ? canonical(own) : undefined
  if (tag !== undefined) return tag
  throw new TypeError('locale must return a BCP 47 language tag, such as en or de-CH, or undefined, at once')
}

/** The longest that RFC 5646 section 4.4.1 asks everybody to take. */
const maxLength = 35

function canonical(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    return undefined
  }
}
