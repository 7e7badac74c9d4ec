import ipaddr from 'ipaddr.js'

/**
 * The canonical text of a public unicast address, or undefined for anything else (private,
 * loopback, carrier-grade NAT, documentation, garbage).
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

export type Network = 'own' | 'IPv4 /24' | 'IPv6 /56' | 'IPv6 /48'

/** How the address itself and the networks around it are called, from the inside out. */
const networks: Readonly<Record<'ipv4' | 'ipv6', readonly (readonly [Network, bits: number])[]>> = {
  ipv4: [
    ['own', 32],
    ['IPv4 /24', 24],
  ],
  // What one subscriber gets, a household or a small office, and a site or a part of a carrier.
  ipv6: [
    ['own', 64],
    ['IPv6 /56', 56],
    ['IPv6 /48', 48],
  ],
}

/**
 * The places that a request comes from: its IPv4 address, or the /64 network that one IPv6
 * subscriber gets, and the wider networks that somebody may have for the asking. Everything unknown
 * is one place.
 *
 * Mapped IPv4 addresses are unmapped before the mask, or all of IPv4 would be one place.
 */
export function addressBlocks(text: string | undefined): readonly { network: Network; block: string }[] {
  const plain = withoutPort(text).split('%', 1)[0] ?? ''
  if (!ipaddr.isValid(plain)) return [{ network: 'own', block: 'unknown' }]
  const address = ipaddr.process(plain)
  const bytes = Buffer.from(address.toByteArray())
  return networks[address.kind()].map(([network, bits]) => ({
    network,
    block: `${bytes.toString('hex', 0, bits / 8)}/${bits}`,
  }))
}

/** The narrowest of them. */
export function addressBlock(text: string | undefined): string {
  return addressBlocks(text)[0]?.block ?? 'unknown'
}

/** Whether it can be told apart from other addresses. */
export function isAddress(text: string | undefined): boolean {
  return addressBlock(text) !== 'unknown'
}

/** Some gateways write `1.2.3.4:5678` or `[2001:db8::1]:5678` into their forwarding header. */
function withoutPort(text = ''): string {
  return /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? text
}
