import { isLoopback } from '../../lib/ip-address.js'

/**
 * The origin of a vendor's API: https, or http on loopback outside production.
 * @throws TypeError that names the option and the cure
 */
export function vendorOrigin(factory: string, baseUrl: string): string {
  if (!URL.canParse(baseUrl))
    throw new TypeError(`${factory}: baseUrl must be an absolute URL, such as https://eu.api.idlayr.com`)
  const url = new URL(baseUrl)
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new TypeError(`${factory}: baseUrl must be an origin alone, without path, query or user`)
  }
  if (url.protocol === 'https:') return url.origin
  if (url.protocol !== 'http:' || !isLoopback(url.hostname)) {
    throw new TypeError(`${factory}: baseUrl must be https; http is for a simulator on loopback`)
  }
  if (process.env['NODE_ENV'] === 'production') {
    throw new TypeError(
      `${factory}: baseUrl is plain http on loopback, a simulator that believes anybody; production refuses it`,
    )
  }
  return url.origin
}
