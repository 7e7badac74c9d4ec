import type { HttpRequest } from './http-types.js'

/**
 * What a request's headers say about the page it came from. `unknown`: neither header is there, as with a native app.
 *
 * Browsers set both headers by themselves and let no page forge them.
 */
export function siteOf(
  req: HttpRequest,
  { origins, secure }: { origins: readonly string[]; secure: boolean },
): 'own' | 'foreign' | 'unknown' {
  const site = req.headers['sec-fetch-site']
  const origin = req.headers.origin
  const listed = origin !== undefined && origins.includes(origin)
  if (site !== undefined) return site === 'same-origin' || site === 'none' || listed ? 'own' : 'foreign'
  if (origin !== undefined) return listed || isOwn(origin, req.headers.host, secure) ? 'own' : 'foreign'
  return 'unknown'
}

/** The scheme counts where it is known: over https, a page of the same host that came over plain http may be anybody's. */
function isOwn(origin: string, host: string | undefined, secure: boolean): boolean {
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  return url.host === host && (!secure || url.protocol === 'https:')
}
