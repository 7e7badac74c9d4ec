import { randomUUID } from 'node:crypto'
import type { SimulatorClock } from '../state/clock.js'
import { isLoopback } from './loopback.js'
import type { Sms } from './messages.js'
import { e164, masked, publicPath } from './number.js'
import type {
  Activity,
  BrowseResult,
  InboxItem,
  OpenError,
  OpenResult,
  OutboxItem,
  SdkResult,
  SendResult,
} from './phone-record.js'
import { type Arrival, followRedirects, RedirectError } from './redirect-follower.js'
import { TokenError } from './token-error.js'

/** Names the phone and its network on requests to the simulator; the value is a secret of the phone. */
export const lineHeader = 'x-simulator-line'

/**
 * How the mobile operator of this phone treats checks.
 * - supported: answers
 * - slow: answers after `behaviour.slowOperatorMs`
 * - unsupported: create for this phone's number, and any check opened on it, is 400 mno_not_supported
 * - no_redirect: the check URL is 501 mno_redirect_unsupported
 * - mno_…: fails with that code at the end of the chain
 */
export type Operator = (typeof operators)[number]

export const operators = [
  'supported',
  'slow',
  'unsupported',
  'no_redirect',
  'mno_timeout',
  'mno_user_not_found',
  'mno_response_error',
  'mno_server_error',
  'mno_no_data_available',
] as const

export interface PhoneSurroundings {
  readonly clock: SimulatorClock
  /** Origin of the simulator's URLs. */
  readonly origin: string
  /** Where it is reached on this machine. */
  readonly local: string
  /** This phone's secrets, one for each network. */
  readonly lines: { readonly mobile: string; readonly wifi: string }
  /** Lets happen what is due. */
  readonly sync: () => void
  /** Takes a message to its receiver; whether there was one. */
  readonly carry: (sms: Sms) => boolean
  /** What the phone's platform does with a challenge for a token. @throws TokenError when it gives none */
  readonly fetchToken: (phone: VirtualPhone, wanted: { kind: string; request: unknown }) => string
}

/** A phone with a SIM, a data switch and Wi-Fi. Reaches loopback and the simulator only. */
export class VirtualPhone {
  readonly number: string
  /** Address on mobile data. Made up, looks public, is only ever written in headers and bodies on this machine. */
  readonly ip: string
  /** Address on Wi-Fi; made up likewise. */
  readonly wifiIp: string
  /** Whether mobile data is switched on. Default true. */
  mobileData = true
  readonly #surroundings: PhoneSurroundings
  readonly #seen: Activity[] = []
  readonly #inbox: InboxItem[] = []
  readonly #outbox: OutboxItem[] = []
  #sim: string | null
  #operator: Operator = 'supported'

  /** @internal Phones come from `sim.phone(number)`. */
  constructor(number: string, addresses: { mobile: string; wifi: string }, surroundings: PhoneSurroundings) {
    this.number = number
    this.ip = addresses.mobile
    this.wifiIp = addresses.wifi
    this.#sim = number
    this.#surroundings = surroundings
  }

  /** Number of the SIM in the phone, E.164 with plus; null without one. Default: the phone's number. */
  get sim(): string | null {
    return this.#sim
  }

  /** @throws TypeError when it is neither null nor E.164. */
  set sim(number: string | null) {
    const canonical = number === null ? null : e164(number)
    if (canonical === undefined) throw new TypeError('sim must be null or an E.164 number, like +12025550100')
    this.#sim = canonical
  }

  get operator(): Operator {
    return this.#operator
  }

  /** @throws TypeError for an unknown kind. */
  set operator(operator: Operator) {
    if (!operators.includes(operator)) throw new TypeError(`operator must be one of ${operators.join(', ')}`)
    this.#operator = operator
  }

  /** Whether mobile data works: switched on, with a SIM. */
  get online(): boolean {
    return this.mobileData && this.#sim !== null
  }

  /** What the phone did, oldest first. */
  get seen(): readonly Activity[] {
    return this.#seen
  }

  /** SMS and calls that reached the SIM in this phone, oldest first. */
  get inbox(): readonly InboxItem[] {
    this.#surroundings.sync()
    return this.#inbox
  }

  /** Messages that this phone sent, or tried to, oldest first. */
  get outbox(): readonly OutboxItem[] {
    return this.#outbox
  }

  /** @internal */
  receive(item: InboxItem): void {
    this.#inbox.push(item)
  }

  /**
   * Sends an SMS from the SIM in the phone; needs no data. Resolves once the receiver has dealt
   * with it, and never rejects.
   */
  async send(to: string, body: string): Promise<SendResult> {
    const { clock, carry } = this.#surroundings
    const from = this.#sim
    const result = from === null ? 'no_sim' : carry({ from, to, body }) ? 'delivered' : 'dropped'
    const at = clock.now()
    this.#outbox.push({ to, body, result, at })
    this.#seen.push({
      at,
      kind: 'send',
      url: null,
      status: null,
      to: masked(to),
      ...(result === 'delivered' ? {} : { error: result }),
    })
    return result
  }

  /**
   * Opens a URL over mobile data, as the vendor's SDK does: redirects followed (at most 10),
   * cookies kept from hop to hop, 5 s a hop on the simulator's clock. Never rejects. https, or http
   * on loopback; hosts that are not loopback are out of reach.
   */
  async open(url: string): Promise<OpenResult> {
    if (!this.online) return this.#fail('sdk_no_data_connectivity', 'no mobile data')
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      return this.#fail('invalid scheme', 'an http(s) URL is needed')
    const start = new URL(url)
    const reaches = (url: URL) => isLoopback(url) || url.origin === this.#surroundings.origin
    if (!reaches(start)) return this.#fail('sdk_connection_error', 'a virtual phone reaches loopback only')
    const sdk = {
      'x-tru-sdk-request': randomUUID(),
      Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    }
    try {
      const arrival = await this.#travel('open', start, 'mobile', sdk, reaches)
      if (arrival.location !== undefined)
        return this.#fail('sdk_connection_error', 'a virtual phone reaches loopback only')
      const { status, body, text, url } = arrival
      return { status, body, text, url }
    } catch (error) {
      if (!(error instanceof RedirectError)) throw error
      return this.#fail(error.kind === 'redirect' ? 'sdk_redirect_error' : 'sdk_connection_error', error.message)
    }
  }

  /**
   * The same in the shape of the vendor's SDK, so that `phoneLogin({ open: (url) =>
   * phone.openWithDataCellular(url) })` runs without one.
   */
  async openWithDataCellular(url: string): Promise<SdkResult> {
    const opened = await this.open(url)
    return opened.error === undefined
      ? { http_status: opened.status, response_body: opened.body ?? (opened.text || undefined) }
      : opened
  }

  /**
   * Fetches the token of a challenge `get_token` by the platform's API, so that
   * `phoneLogin({ token: (wanted) => phone.token(wanted) })` runs without one. Needs a SIM, and any
   * network: Wi-Fi will do.
   * Rejects with a TokenError, whose `code` is that of the platform.
   */
  async token(wanted: { readonly kind: string; readonly request: unknown }): Promise<string> {
    const { clock, fetchToken } = this.#surroundings
    const seen = { at: clock.now(), kind: 'token', url: null, status: null } as const
    try {
      const token = fetchToken(this, wanted)
      this.#seen.push(seen)
      return token
    } catch (error) {
      this.#seen.push({ ...seen, error: error instanceof TokenError ? error.code : 'failed' })
      throw error
    }
  }

  /**
   * Opens a URL of the simulator in a browser on the phone: mobile data when it is on, else Wi-Fi.
   * Follows redirects up to the first that leaves the simulator and returns that one.
   * @throws TypeError for a URL that is not the simulator's; Error when the connection fails.
   */
  async browse(url: string): Promise<BrowseResult> {
    const { origin, local } = this.#surroundings
    const isOwn = (url: URL) => url.origin === origin || url.origin === local
    if (!URL.canParse(url) || !isOwn(new URL(url))) throw new TypeError(`browse(url): the URL must be on ${origin}`)
    const accept = {
      Accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    }
    return this.#travel('browse', new URL(url), this.online ? 'mobile' : 'wifi', accept, isOwn)
  }

  #travel(
    kind: Activity['kind'],
    start: URL,
    network: 'mobile' | 'wifi',
    headers: Record<string, string>,
    follow: (url: URL) => boolean,
  ): Promise<Arrival> {
    const { clock, origin, local, lines } = this.#surroundings
    return followRedirects(start, {
      clock,
      follow,
      // The public name may lead here by way of a tunnel, or not at all: no test leaves this machine.
      locate: (url) => (url.origin === origin ? new URL(url.pathname + url.search, local) : url),
      headers: (url) =>
        url.origin === origin || url.origin === local ? { ...headers, [lineHeader]: lines[network] } : headers,
      onHop: (url, status) =>
        this.#seen.push({ at: clock.now(), kind, url: `${url.origin}${publicPath(url.pathname)}`, status }),
    })
  }

  #fail(error: OpenError['error'], description: string): OpenError {
    this.#seen.push({ at: this.#surroundings.clock.now(), kind: 'open', url: null, status: null, error })
    return { error, error_description: description }
  }
}
