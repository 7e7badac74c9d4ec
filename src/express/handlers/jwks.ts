import { hash } from 'node:crypto'
import { checkOptions, isWholeNumber, knownOptions } from '../../lib/options.js'
import { complaint } from '../../tokens/keys.js'
import { type BearerSettings, tokenServiceFor } from '../../tokens/settings.js'
import type { Handler, HttpRequest, HttpResponse } from '../http-types.js'

export interface JwksOptions {
  /** How long others may keep the answer. 0 to 86,400 seconds, default 300. */
  maxAgeSeconds?: number
}

/**
 * `GET /.well-known/jwks.json`: the public keys of `keys`, as a JWK Set (RFC 7517), for services and
 * gateways that verify the tokens. All keys are in it, the next one too, so that it is known everywhere
 * before it signs.
 * @throws TypeError that names the setting and the cure: HS256 has no public half
 * @example `app.get('/.well-known/jwks.json', jwks(jwt))`
 */
export function jwks<Claims extends object>(settings: BearerSettings<Claims>, options: JwksOptions = {}): Handler {
  const { access } = tokenServiceFor(settings)
  knownOptions('jwks', options, ['maxAgeSeconds'])
  checkOptions('jwks', options, [['maxAgeSeconds', isWholeNumber(0, 86_400), 'must be a whole number from 0 to 86400']])
  const keys = access.publicKeys()
  if (keys.length === 0)
    throw complaint(
      'keys',
      'are all HS256, whose secret must not be published; use ES256 or RS256 for tokens that others verify',
    )
  const text = JSON.stringify({ keys })
  const etag = `"${hash('sha256', text, 'base64url').slice(0, 22)}"`
  return function jwks(req: HttpRequest, res: HttpResponse) {
    res.setHeader('Cache-Control', `public, max-age=${options.maxAgeSeconds ?? 300}`)
    res.setHeader('ETag', etag)
    res.setHeader('X-Content-Type-Options', 'nosniff')
    if (req.headers['if-none-match'] === etag) {
      res.statusCode = 304
      res.end()
      return
    }
    res.statusCode = 200
    res.setHeader('Content-Type', 'application/jwk-set+json')
    res.end(text)
  }
}
