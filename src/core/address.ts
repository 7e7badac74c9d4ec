import ipaddr from 'ipaddr.js'

/**
 * The canonical text of a public unicast address, or undefined for anything else (private, loopback, carrier-grade NAT, documentation, garbage).
 *
 * IPv4 addresses mapped into IPv6 are unmapped first, so that one address has one spelling.
 */
export function publicAddress(text: string | undefined): string | undefined {
  const plain = withoutPort(text)
  if (!ipaddr.isValid(plain)) return undefined
  const address = ipaddr.process(plain)
  return address.range() === 'unicast' ? address.toString() : undefined
}

/** Whether a URL's host is this machine itself. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback')
}

/**
 * What counts as one place: an IPv4 address, or the /64 network that one IPv6 subscriber gets. Everything unknown is one place.
 *
 * Mapped IPv4 addresses are unmapped before the mask, or all of IPv4 would be one place.
 */
export function addressBlock(text: string | undefined): string {
  const plain = withoutPort(text).split('%', 1)[0] ?? ''
  if (!ipaddr.isValid(plain)) return 'unknown'
  const address = ipaddr.process(plain)
  if (address.kind() === 'ipv4') return address.toString()
  return ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()
}

/** Whether it can be told apart from other addresses. */
export function isAddress(text: string | undefined): boolean {
  return addressBlock(text) !== 'unknown'
}

/** Some gateways write `1.2.3.4:5678` or `[2001:db8::1]:5678` into their forwarding header. */
function withoutPort(text = ''): string {
  return /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? text
}
