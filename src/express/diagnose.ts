import type { Finding } from '../contracts/finding.js'
import { finding } from '../login/diagnose.js'
import type { HandlerContext } from './context.js'
import { hostOf } from './csrf.js'
import type { HttpRequest } from './http-types.js'

const timeoutMs = 5_000

/** What is wrong with the routes that others call: asked for over the network, as they would. */
export async function diagnoseRoutes({ redirectUrl, callbackUrl, purpose }: HandlerContext): Promise<Finding[]> {
  const found = await Promise.all([
    redirectUrl !== undefined && diagnoseRoute('redirectUrl', redirectUrl, 'GET', returnCure(redirectUrl, purpose)),
    callbackUrl !== undefined && diagnoseRoute('callbackUrl', callbackUrl, 'POST', webhookCure(callbackUrl)),
  ])
  return found.filter((one) => one !== false && one !== undefined)
}

const returnCure = (url: string, purpose: string) =>
  `mount app.get('${new URL(url).pathname}', passport.authenticate('phonecheck${purpose === 'login' ? '' : `-${purpose}`}', …))`
const webhookCure = (url: string) => `mount app.post('${new URL(url).pathname}', phone.webhook()) before body parsers`

async function diagnoseRoute(
  option: string,
  url: string,
  method: 'GET' | 'POST',
  cure: string,
): Promise<Finding | undefined> {
  try {
    const response = await fetch(url, { method, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    const text = await response.text()
    // Without a cookie the return leg goes to the login page; without a signature the webhook refuses.
    const isOurs =
      method === 'GET' ? /[?&]phonecheck=/.test(response.headers.get('location') ?? '') : /"code":"\w+"/.test(text)
    if (isOurs) return undefined
    return finding(
      'error',
      `${option}_route`,
      `${option}: ${url} answers ${response.status}, and not as this library does. Set it to the address that users and vendors see, and ${cure}.`,
    )
  } catch (error) {
    const { code } = Object((error as Error).cause) as { code?: unknown }
    return finding(
      'warning',
      `${option}_unreachable`,
      `${option}: ${url} cannot be reached from this machine (${typeof code === 'string' ? code : 'no answer'}). If the world cannot either, no login returns: look at DNS, certificate and firewall.`,
    )
  }
}

/** What a real request shows: proxies, TLS, cookies and the session. */
export function diagnoseRequest({ secure, redirectUrl }: HandlerContext, req: HttpRequest): Finding[] {
  const found: Finding[] = []
  const say = (level: Finding['level'], code: string, message: string) => void found.push(finding(level, code, message))
  const { session, secure: isTls, protocol } = req as { session?: unknown; secure?: unknown; protocol?: unknown }
  const trust: unknown = req.app?.get('trust proxy')
  const forwarded = req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined
  if (trust === true)
    say(
      'error',
      'trust_proxy_true',
      "Express's `trust proxy` is true: every client chooses its own address, and no limit on addresses holds. Name your proxies or their number.",
    )
  else if (forwarded && req.ip === req.socket.remoteAddress)
    say(
      'error',
      'trust_proxy_missing',
      "The request came through a proxy that Express does not trust: all users share one address, and its limits. Set `app.set('trust proxy', 1)`, or the proxy's address.",
    )
  if (secure && isTls === false && protocol === 'http')
    say(
      'error',
      'not_secure',
      'The request came over http, so browsers drop the secure cookie of a login. Serve https; behind a proxy that ends TLS, let it send X-Forwarded-Proto and set `trust proxy`.',
    )
  const host = hostOf(req)
  if (redirectUrl !== undefined && host !== undefined && host !== new URL(redirectUrl).host)
    say(
      'error',
      'redirect_host',
      `The request came to ${host}, and redirectUrl is on ${new URL(redirectUrl).host}: the cookie of a login will not come back. Open the page on that host, or set redirectUrl to the page's.`,
    )
  if (typeof session !== 'object' || session === null) {
    say(
      'note',
      'no_session',
      'The request has no session. For logins that end in one, mount express-session before this route.',
    )
    return found
  }
  const { regenerate, cookie } = session as { regenerate?: unknown; cookie?: { sameSite?: unknown; secure?: unknown } }
  if (typeof regenerate !== 'function')
    say(
      'error',
      'session_regenerate',
      'The session has no regenerate(), which Passport needs against session fixation: use express-session in place of cookie-session.',
    )
  if (cookie?.sameSite === true || cookie?.sameSite === 'strict')
    say(
      'warning',
      'session_strict',
      "The session's cookie is SameSite=Strict: after the return leg users look logged out. Set `cookie: { sameSite: 'lax' }`.",
    )
  if (secure && cookie && !cookie.secure)
    say(
      'warning',
      'session_not_secure',
      "The session's cookie travels over plain http too: set `cookie: { secure: true }`, or 'auto'.",
    )
  return found
}
