import type { HttpRequest } from './http-types.js'

/**
 * What a request's headers say about the page it came from. `unknown`: neither header is there, as with a native app.
 *
 * Browsers set both headers by themselves and let no page forge them.
 */
export function siteOf(req: HttpRequest, origins: readonly string[]): 'own' | 'foreign' | 'unknown' {
  const site = req.headers['sec-fetch-site']
  const origin = req.headers.origin
  const listed = origin !== undefined && origins.includes(origin)
  if (site !== undefined) return site === 'same-origin' || site === 'none' || listed ? 'own' : 'foreign'
  if (origin !== undefined) return listed || hostOf(origin) === req.headers.host ? 'own' : 'foreign'
  return 'unknown'
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
