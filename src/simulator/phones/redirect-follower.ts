import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isObject, type JsonObject, parseJson } from '../server/reply.js'
import type { SimulatorClock } from '../state/clock.js'
import { CookieJar } from './cookie-jar.js'

/** Where a journey ended, or why it could not go on. */
export interface Arrival {
  readonly status: number
  readonly body: JsonObject | undefined
  /** The body as it is. */
  readonly text: string
  readonly url: string
  /** Target of a redirect that was not followed. */
  readonly location: string | undefined
}

export class RedirectError extends Error {
  override readonly name = 'JourneyError'
  readonly kind: 'connection' | 'redirect'

  constructor(kind: 'connection' | 'redirect', message: string) {
    super(message)
    this.kind = kind
  }
}

export interface RedirectFollower {
  readonly clock: SimulatorClock
  readonly headers: (url: URL) => Record<string, string>
  /** Where a URL is fetched from. */
  readonly locate: (url: URL) => URL
  /** Whether a redirect to `url` is followed. */
  readonly follow: (url: URL) => boolean
  readonly onHop: (url: URL, status: number) => void
}

const maxRedirects = 10
const hopTimeoutMs = 5000
// Native SDKs read once, up to this.
const maxBodyBytes = 65_536
const jsonTypes = ['application/json', 'application/hal+json', 'application/problem+json']

/** Follows redirects as the vendors' native SDKs do. Rejects with a JourneyError. */
export async function followRedirects(start: URL, journey: RedirectFollower): Promise<Arrival> {
  const cookies = new CookieJar()
  let url = start
  for (let redirects = 0; ; redirects += 1) {
    const cookie = cookies.header(url)
    const headers = { ...journey.headers(url), ...(cookie === '' ? {} : { Cookie: cookie }) }
    const { response, body } = await get(journey.locate(url), headers, journey.clock)
    const status = response.statusCode ?? 0
    journey.onHop(url, status)
    cookies.store(url, response.headers['set-cookie'] ?? [])
    if (![301, 302, 303, 307, 308].includes(status)) {
      return { status, body: parsed(response, body), text: body, url: url.href, location: undefined }
    }
    const target = response.headers.location
    if (target === undefined || target === '' || !URL.canParse(target, url.href))
      throw new RedirectError('redirect', 'a redirect without a usable Location')
    const next = new URL(target, url)
    if (!journey.follow(next)) return { status, body: undefined, text: '', url: url.href, location: next.href }
    if (redirects === maxRedirects) throw new RedirectError('redirect', `more than ${maxRedirects} redirects`)
    url = next
  }
}

function get(
  url: URL,
  headers: Record<string, string>,
  clock: SimulatorClock,
): Promise<{ response: IncomingMessage; body: string }> {
  return new Promise((resolve, reject) => {
    const timer = new AbortController()
    const fail = (reason: string) => {
      timer.abort()
      call.destroy()
      reject(new RedirectError('connection', reason))
    }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const call = send(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      const done = () => {
        timer.abort()
        resolve({ response, body: Buffer.concat(chunks).subarray(0, maxBodyBytes).toString('utf8') })
        call.destroy()
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size >= maxBodyBytes) done()
      })
      response.on('end', done)
      response.on('error', () => fail('the connection broke off'))
    })
    call.on('error', (error) => fail(error.message))
    call.end()
    clock.delay(hopTimeoutMs, timer.signal).then(
      () => {
        if (!timer.signal.aborted) fail('no answer in time')
      },
      () => undefined,
    )
  })
}

function parsed(response: IncomingMessage, body: string): JsonObject | undefined {
  // The SDKs look for this exact spelling of the header, so a proxy that lower-cases names hides the body from them.
  const at = response.rawHeaders.findIndex((name, index) => index % 2 === 0 && name === 'Content-Type')
  const type = at < 0 ? undefined : response.rawHeaders[at + 1]
  if (!jsonTypes.some((known) => type?.includes(known))) return undefined
  const value = parseJson(body)
  return isObject(value) ? value : undefined
}
