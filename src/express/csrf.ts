import { PhoneCheckError } from '../lib/errors.js'
import type { HandlerContext } from './context.js'
import type { HttpRequest } from './http-types.js'

export interface SiteRules {
  /** Foreign origins whose pages may take part. */
  origins: readonly string[]
  /** Whether the app is served over https. */
  secure: boolean
}

/**
 * What a request's headers say about the page it came from. `unknown`: neither header is there, as with a native app.
 *
 * Browsers set both headers by themselves and let no page forge them.
 */
export function requestSite(req: HttpRequest, { origins, secure }: SiteRules): 'own' | 'foreign' | 'unknown' {
  const site = req.headers['sec-fetch-site']
  const origin = req.headers.origin
  const listed = origin !== undefined && origins.includes(origin)
  if (site !== undefined) return site === 'same-origin' || site === 'none' || listed ? 'own' : 'foreign'
  if (origin !== undefined) return listed || isOwn(origin, hostOf(req), secure) ? 'own' : 'foreign'
  return 'unknown'
}

/** What a developer needs to see of a refused request: what it said of its page, and what would have been let in. */
export function describeSite(req: HttpRequest, { origins }: SiteRules): string {
  const site = req.headers['sec-fetch-site']
  const origin = req.headers.origin
  const seen = [
    `Sec-Fetch-Site: ${typeof site === 'string' && /^[a-z-]{1,20}$/.test(site) ? site : site === undefined ? 'none sent' : 'unreadable'}`,
    `Origin: ${origin === undefined ? 'none sent' : isOriginText(origin) ? origin : 'unreadable'}`,
  ]
  return `Seen: ${seen.join(', ')}. Listed in \`origins\`: ${origins.length === 0 ? 'none' : origins.join(', ')}.`
}

/**
 * The host by which the browser knows us: what a trusted proxy forwards, else `Host`, or
 * `:authority` over HTTP/2. Undefined when there is none. Express's own `req.host` has no port in
 * Express 4.
 */
export function hostOf(req: HttpRequest): string | undefined {
  const isTrusted: unknown = req.app?.get('trust proxy fn')
  const forwarded = req.headers['x-forwarded-host']
  if (
    typeof forwarded === 'string' &&
    typeof isTrusted === 'function' &&
    isTrusted(req.socket.remoteAddress, 0) === true
  ) {
    return forwarded.split(',', 1)[0]?.trim()
  }
  const authority = req.headers[':authority']
  return req.headers.host ?? (typeof authority === 'string' ? authority : undefined)
}

/**
 * Whether a text is an origin alone, as browsers write it: `https://www.example.com`, or of an
 * app's own scheme, `capacitor://localhost`. `null`, paths and trailing slashes are not.
 */
export function isOriginText(text: unknown): text is string {
  if (
    typeof text !== 'string' ||
    text.length > 255 ||
    !/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\*]+$/.test(text) ||
    !URL.canParse(text)
  )
    return false
  const { origin, host, protocol } = new URL(text)
  // Other schemes have opaque origins for the parser, although browsers send them as they are.
  return origin === 'null' ? text === `${protocol}//${host}` : origin === text
}

/**
 * The origin by which the browser knows us. Undefined where the host is not readable as one: it
 * comes from whoever sends the request.
 */
export function ownOrigin(req: HttpRequest, secure: boolean): string | undefined {
  const ours = `${secure ? 'https' : 'http'}://${hostOf(req)}`
  return isOriginText(ours) ? ours : undefined
}

/**
 * Compared as origins, not as texts: a default port may be written or not. The scheme counts where
 * it is known: over https, a page of the same host that came over plain http may be anybody's.
 */
function isOwn(origin: string, host: string | undefined, secure: boolean): boolean {
  if (host === undefined || !URL.canParse(origin)) return false
  const { origin: theirs, protocol } = new URL(origin)
  const ours = `${secure ? 'https:' : protocol}//${host}`
  return theirs !== 'null' && URL.canParse(ours) && new URL(ours).origin === theirs
}

/**
 * Keeps pages of other sites from starting or finishing logins in a visitor's name. A request that
 * carries a cookie must prove that it comes from our own page; one without may also come from a
 * native app, which sends neither header.
 * @throws PhoneCheckError `cross_site`
 */
export function requireOwnSite(context: HandlerContext, req: HttpRequest, binding: 'cookie' | 'handle'): void {
  const site = requestSite(req, context)
  if (site === 'own' || (site === 'unknown' && binding === 'handle')) return
  const seen = describeSite(req, context)
  context.emit({ type: 'cross_site_refused', path: (req.url ?? '').split('?', 1)[0] ?? '', message: seen })
  throw new PhoneCheckError('cross_site', { message: `${cureOf(context, req, site)} ${seen}` })
}

function cureOf({ secure, origins }: HandlerContext, req: HttpRequest, site: 'foreign' | 'unknown'): string {
  const forHttp = ' For plain http in development set `cookie: { secure: false }`.'
  if (site === 'unknown') {
    return (
      'Nothing proves that the request came from your own page: neither Sec-Fetch-Site nor Origin was sent. For an app or API: ' +
      `start({ binding: 'handle' }). By hand: -H "Origin: ${ownOrigin(req, secure) ?? '<your origin>'}".${secure ? forHttp : ''}`
    )
  }
  if (secure && requestSite(req, { origins, secure: false }) === 'own') {
    return `The request came from your own host over plain http, but the login's cookie is for https.${forHttp} Elsewhere serve the page over https.`
  }
  return 'The request came from a page of another origin. List its origin in `origins`, if it may take part.'
}
