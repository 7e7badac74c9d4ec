import { isLoopback } from '../lib/ip-address.js'
import { demand } from './complaints.js'

export const notSecure = 'cookie.secure: false is for plain http in development; leave it out'

/** Where browsers are sent, with which cookies. @throws TypeError */
export function checkUrls(redirectUrl: string | undefined, loginUrl: string | undefined, secureCookie: boolean): void {
  if (redirectUrl !== undefined) {
    demand(
      typeof redirectUrl !== 'string' || !redirectUrl.includes('#'),
      'redirectUrl must have no fragment: leave out the # and what follows it, which no server ever sees',
    )
    demand(
      isRedirectUrl(redirectUrl),
      'redirectUrl must be an absolute https URL; http only on loopback and not in production',
    )
    demand(loginUrl !== undefined, 'loginUrl is missing; a failed return needs a page to go to')
    const isHttps = redirectUrl.startsWith('https:')
    demand(secureCookie || !isHttps, notSecure)
    demand(
      !secureCookie || isHttps,
      'redirectUrl is plain http, over which browsers send no Secure cookie; for development set cookie: { secure: false }',
    )
  }
  demand(
    loginUrl === undefined || redirectUrl !== undefined,
    'loginUrl is where a failed return leg goes, so it needs redirectUrl; leave it out where codes come back by body',
  )
  demand(
    loginUrl === undefined || isLoginUrl(loginUrl),
    'loginUrl must be a path such as /login, or an absolute URL, without a fragment',
  )
}

export function isRedirectUrl(text: string): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, hostname, username, hash } = new URL(text)
  if (username || hash) return false
  return (
    protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname) && process.env['NODE_ENV'] !== 'production')
  )
}

function isLoginUrl(text: string): boolean {
  return (
    typeof text === 'string' && /^(\/(?![/\\])|https?:\/\/)[\x21-\x5b\x5d-\x7e]*$/.test(text) && !text.includes('#')
  )
}
