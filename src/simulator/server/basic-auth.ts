import type { IncomingHttpHeaders } from 'node:http'

/** User and password of HTTP Basic, both non-empty, or undefined. */
export function basicCredentials(headers: IncomingHttpHeaders): { user: string; password: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 1 || colon === pair.length - 1) return undefined
  return { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
