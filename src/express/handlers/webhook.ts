import { PhoneCheckError } from '../../lib/errors.js'
import type { HandlerContext } from '../context.js'
import type { Handler, HttpRequest } from '../http-types.js'
import { asHandler, sendJson } from '../problem-json.js'
import { asBytes, bytesOf } from '../request/body.js'

const maxBodyBytes = 16 * 1024

/**
 * The handler of a provider's webhooks, mounted at the path of `callbackUrl`. A webhook is only a
 * hint to ask: it decides nothing.
 * @throws TypeError when the strategy has no `callbackUrl`, or no rung whose provider calls back
 */
export function webhookHandler(context: HandlerContext): Handler {
  const url = context.callbackUrl
  if (url === undefined)
    throw new TypeError('webhook: the strategy needs a callbackUrl; signatures are checked against it')
  if (!context.hasWebhook) throw new TypeError('webhook: no provider of the ladder sends webhooks')

  return asHandler(context, async function phoneCheckWebhook(req, res) {
    if (req.method !== 'POST') throw new PhoneCheckError('invalid_request', { message: 'Webhooks are POSTs.' })
    const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
    if (type !== 'application/json') throw new PhoneCheckError('unsupported_media_type')
    const body = await rawBody(req)
    await context.logins.webhook({ method: req.method, url, headers: req.headers, body })
    // Exactly 200, whatever came of it: any other answer makes the vendor repeat itself.
    sendJson(res, 200, {})
  })
}

/** The bytes that were signed. What a parser made of them cannot be turned back. */
async function rawBody(req: HttpRequest): Promise<Buffer> {
  const kept = asBytes(req.rawBody, maxBodyBytes)
  if (kept) return kept
  return bytesOf(
    req,
    maxBodyBytes,
    () =>
      new Error(
        'passport-phonecheck: a body parser (such as express.json()) ran before phone.webhook() and left no raw body. Mount the webhook route before it, ' +
          'or let the parser keep it: express.json({ verify: (req, _res, buffer) => { req.rawBody = buffer } })',
      ),
  )
}
