import ipaddr from 'ipaddr.js'

/**
 * The canonical text of a public unicast address, or undefined for anything else (private, loopback, carrier-grade NAT, documentation, garbage).
 *
 * IPv4 addresses mapped into IPv6 are unmapped first, so that one address has one spelling.
 */
export function publicAddress(text: string | undefined): string | undefined {
  if (!text || !ipaddr.isValid(text)) return undefined
  const address = ipaddr.process(text)
  return address.range() === 'unicast' ? address.toString() : undefined
}

/** Whether a URL's host is this machine itself. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback')
}
