import type { SimRequest } from '../server/request.js'

export function isControlPath(path: string): boolean {
  return path === '/_simulator' || path.startsWith('/_simulator/')
}

/**
 * Whether the control plane may answer. A page on the web can make a browser call loopback: by a
 * name that it re-points (seen in Host), or from its own origin (seen in Origin and
 * Sec-Fetch-Site).
 */
export function mayControl({ headers }: Pick<SimRequest, 'headers'>): boolean {
  const host = headers.host ?? ''
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host)) return false
  if (headers.origin !== undefined && headers.origin.toLowerCase() !== `http://${host.toLowerCase()}`) return false
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin' || site === 'none'
}
