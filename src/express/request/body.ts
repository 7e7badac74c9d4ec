import { PhoneCheckError } from '../../lib/errors.js'
import type { HttpRequest } from '../http-types.js'

const maxBodyBytes = 4 * 1024

/** What a body may hold whose fields are not all ours. */
export interface BodyOptions {
  /** Leave other keys in instead of refusing them, where a vendor's answer is passed on as it is. Default false. */
  ignoreUnknown?: boolean
  /** Default 4 KiB. */
  maxBytes?: number
}

/**
 * The JSON object a POST carries, with no key but the `allowed` ones: what the app's parser left in
 * `req.body`, parsed or as bytes or text, else the raw body.
 * @throws PhoneCheckError `unsupported_media_type`, `payload_too_large`, `invalid_request` naming the field
 */
export async function readBody(
  req: HttpRequest,
  allowed: readonly string[],
  { ignoreUnknown = false, maxBytes = maxBodyBytes }: BodyOptions = {},
): Promise<Record<string, unknown>> {
  const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new PhoneCheckError('unsupported_media_type')
  const { body: given } = req
  const body = isPlainObject(given) && !isUnread(req) ? given : parseObject(await bytesOf(req, maxBytes, notJson))
  const unknown = ignoreUnknown ? undefined : Object.keys(body).find((key) => !allowed.includes(key))
  if (unknown !== undefined) {
    // A name that is no name of ours is not repeated: an error must not carry what a client wrote.
    throw new PhoneCheckError('invalid_request', {
      message: `The body has an unknown field. Allowed: ${allowed.join(', ')}.`,
    })
  }
  return body
}

/** A field that must be a string when it is there. */
export function optionalString(body: Record<string, unknown>, name: string, maxLength: number): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > maxLength) {
    throw new PhoneCheckError('invalid_request', {
      message: `${name} must be a string of at most ${maxLength} characters.`,
    })
  }
  return value
}

/**
 * The query of a request. Read here and not from `req.query`, which differs between Express 4 and 5
 * and may hold arrays and objects.
 */
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

/**
 * The body's bytes, wherever they are by now: in `req.body`, where an adapter (serverless-http, AWS
 * Lambda) or `express.raw()` or `express.text()` put them, or still in the stream.
 * @param parsed makes the error for a body that a parser turned into something else
 */
export async function bytesOf(req: HttpRequest, maxBytes: number, parsed: () => Error): Promise<Buffer> {
  const { body } = req
  const given = asBytes(body, maxBytes) ?? asBytes(await alreadyRead.get(req), maxBytes)
  if (given) return given
  const isNothing = body === undefined || body === null || (isPlainObject(body) && isUnread(req))
  if (!isNothing || req.readableEnded) throw parsed()
  const reading = readBytes(req, maxBytes)
  alreadyRead.set(req, reading)
  return reading
}

/** For the second of two strategies that are alternatives of one authentication: a stream can be read once. */
const alreadyRead = new WeakMap<HttpRequest, Promise<Buffer>>()

/** @returns undefined for what is neither bytes nor text. @throws PhoneCheckError `payload_too_large` */
export function asBytes(value: unknown, maxBytes: number): Buffer | undefined {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return undefined
  const bytes =
    typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (bytes.length > maxBytes) throw tooLarge(maxBytes)
  return bytes
}

/**
 * Whether `req.body` is the `{}` that parsers of Express 4 leave behind for a body that is not
 * theirs: it is empty, and nobody has read from the stream. An empty object that a parser found in
 * the body has been read.
 */
function isUnread(req: HttpRequest): boolean {
  const isEmpty = isPlainObject(req.body) && Object.keys(req.body).length === 0
  return isEmpty && req.readableDidRead === false && !req.readableEnded && !req.destroyed
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  let body: unknown
  try {
    body = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new PhoneCheckError('invalid_request', { message: 'The body is not valid JSON.' })
  }
  if (!isPlainObject(body)) throw notJson()
  return body
}

function notJson(): PhoneCheckError {
  return new PhoneCheckError('invalid_request', {
    message: 'The body must be a JSON object; another parser took it first, or it is something else.',
  })
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
      // Dropped first: every request closes after its end, and creating an Error for each is measurable.
      req.off('close', cutOff)
      resolve(Buffer.concat(chunks))
    })
    req.on('error', cutOff)
    req.on('close', cutOff)
  })
}

function tooLarge(maxBytes: number): PhoneCheckError {
  return new PhoneCheckError('payload_too_large', {
    message: `The request body is larger than ${maxBytes / 1024} KiB.`,
  })
}

/** Of any realm: what Jest or `vm` runs has an `Object.prototype` of its own. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
