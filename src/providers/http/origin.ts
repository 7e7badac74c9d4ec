import { isLoopback } from '../../lib/ip-address.js'

/**
 * The origin of a vendor's API: https, or http on loopback outside production.
 * @throws TypeError that names the option and the cure
 */
export function vendorOrigin(factory: string, baseUrl: string): string {
  const url = vendorUrl(factory, 'baseUrl', baseUrl, 'https://eu.api.idlayr.com')
  if (url.pathname !== '/' || url.search)
    throw new TypeError(`${factory}: baseUrl must be an origin alone, without path, query or user`)
  return url.origin
}

/**
 * A vendor's URL: https, or http on loopback outside production.
 * @param example of one that is right, for the text of the error
 * @throws TypeError that names the option and the cure
 */
export function vendorUrl(factory: string, option: string, text: unknown, example: string): URL {
  if (typeof text !== 'string' || !URL.canParse(text))
    throw new TypeError(`${factory}: ${option} must be an absolute URL, such as ${example}`)
  const url = new URL(text)
  if (url.hash || url.username || url.password)
    throw new TypeError(`${factory}: ${option} must be a URL without user or fragment`)
  if (url.protocol === 'https:') return url
  if (url.protocol !== 'http:' || !isLoopback(url.hostname)) {
    throw new TypeError(`${factory}: ${option} must be https; http is for a simulator on loopback`)
  }
  if (process.env['NODE_ENV'] === 'production') {
    throw new TypeError(
      `${factory}: ${option} is plain http on loopback, a simulator that believes anybody; production refuses it`,
    )
  }
  return url
}
