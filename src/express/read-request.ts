import { PhoneCheckError } from '../core/errors.js'
import type { HttpRequest } from './http-types.js'

const maxBodyBytes = 4 * 1024

/**
 * The JSON object a POST carries, with no key but the `allowed` ones: what the app's parser left in `req.body`, else the raw body, up to 4 KiB.
 * @throws PhoneCheckError `unsupported_media_type`, `payload_too_large`, `invalid_request` naming the field
 */
export async function readBody(req: HttpRequest, allowed: readonly string[]): Promise<Record<string, unknown>> {
  const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new PhoneCheckError('unsupported_media_type')
  const body = isPlainObject(req.body) ? req.body : await readJson(req)
  const unknown = Object.keys(body).find((key) => !allowed.includes(key))
  if (unknown !== undefined) {
    // A name that is no name of ours is not repeated: an error must not carry what a client wrote.
    throw new PhoneCheckError('invalid_request', { message: `The body has an unknown field. Allowed: ${allowed.join(', ')}.` })
  }
  return body
}

/** A field that must be a string when it is there. */
export function optionalString(body: Record<string, unknown>, name: string, maxLength: number): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > maxLength) {
    throw new PhoneCheckError('invalid_request', { message: `${name} must be a string of at most ${maxLength} characters.` })
  }
  return value
}

/** The query of a request. Read here and not from `req.query`, which differs between Express 4 and 5 and may hold arrays and objects. */
export function readQuery(req: HttpRequest): Record<string, unknown> {
  const query: Record<string, unknown> = Object.create(null)
  const text = req.url ?? ''
  const start = text.indexOf('?')
  for (const [name, value] of new URLSearchParams(start < 0 ? '' : text.slice(start + 1))) {
    if (name in query) throw new PhoneCheckError('invalid_request', { message: 'A query parameter is repeated.' })
    query[name] = value
  }
  return query
}

/** For an app without a JSON parser on this route. */
async function readJson(req: HttpRequest): Promise<Record<string, unknown>> {
  if (req.readableEnded || req.body !== undefined) {
    throw new PhoneCheckError('invalid_request', { message: 'The body must be a JSON object; another parser took it first.' })
  }
  const bytes = await readBytes(req, maxBodyBytes)
  let body: unknown
  try {
    body = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new PhoneCheckError('invalid_request', { message: 'The body is not valid JSON.' })
  }
  if (!isPlainObject(body)) throw new PhoneCheckError('invalid_request', { message: 'The body must be a JSON object.' })
  return body
}

/** The raw body. @throws PhoneCheckError `payload_too_large`, `invalid_request` when it was cut off */
export function readBytes(req: HttpRequest, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const cutOff = () => reject(new PhoneCheckError('invalid_request', { message: 'The body was cut off.' }))
    if (req.destroyed) return cutOff()
    const chunks: Buffer[] = []
    let size = 0
    // Text, where somebody set an encoding.
    req.on('data', (chunk: Buffer | string) => {
      size += Buffer.byteLength(chunk)
      if (size <= maxBytes) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      else reject(tooLarge(maxBytes))
    })
    req.on('end', () => {
      // Every request closes after its end, and an error that nobody hears of costs as much as one that somebody does.
      req.off('close', cutOff)
      resolve(Buffer.concat(chunks))
    })
    req.on('error', cutOff)
    req.on('close', cutOff)
  })
}

export function tooLarge(maxBytes: number): PhoneCheckError {
  return new PhoneCheckError('payload_too_large', { message: `The request body is larger than ${maxBytes / 1024} KiB.` })
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
