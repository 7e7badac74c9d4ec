import type { Clock } from 'passport-phonecheck'
import {
  type OpenResult,
  type SendResult,
  type Simulator,
  TokenError,
  type VirtualPhone,
} from 'passport-phonecheck/simulator'
import { maskCode } from './mask.js'
import { messagesOf, type PhoneMessage } from './phone-messages.js'
import {
  askingScreen,
  idleScreen,
  openingScreen,
  type PhoneScreen,
  sentScreen,
  textScreen,
  withCode,
  withFailure,
  withToken,
} from './phone-screen.js'
import type { ProtocolLog } from './protocol-log.js'

export interface PhoneView {
  sim: string | null
  mobileData: boolean
  /** Whether the operator takes part. */
  supported: boolean
  screen: PhoneScreen
  messages: PhoneMessage[]
  /** By the demo's clock. */
  now: number
}

export type PhoneChange = Partial<Pick<PhoneView, 'sim' | 'mobileData' | 'supported'>>

/** What the app's native module hands to the page. */
export type TokenResult = { token: string } | { error: string; error_description: string }

/** What the vendor's SDK hands to the app. */
export type SdkResult =
  | { http_status: number; response_body?: Readonly<Record<string, unknown>> }
  | { error: string; error_description: string }

/** The phone that is drawn on the page: one handset, whose SIM and network the visitor can change. */
export class DemoPhone {
  readonly handset: VirtualPhone
  readonly #clock: Clock
  readonly #log: ProtocolLog
  readonly #listeners = new Set<() => void>()
  #screen = idleScreen
  /** What came by the app's own gateway, which is none of the simulator's. */
  readonly #texts: PhoneMessage[] = []
  /** When this SIM was put in; what came before is not shown. */
  #simSince = 0

  constructor(sim: Simulator, clock: Clock, log: ProtocolLog) {
    this.handset = sim.phone('+12025550100')
    this.#clock = clock
    this.#log = log
    // In a login by redirect the visitor's own browser opens the check URL. It plays the browser of this phone.
    sim.browserPhone = this.handset
  }

  get view(): PhoneView {
    const { sim, mobileData, operator } = this.handset
    const now = this.#clock.now()
    // Before the screen is read: looking into the inbox lets happen what is due, and that may change the screen.
    const messages = messagesOf(this.handset, this.#texts, this.#simSince, now)
    return { sim, mobileData, supported: operator === 'supported', screen: this.#screen, messages, now }
  }

  /** Address from which this phone's requests come. */
  get address(): string {
    return this.handset.online ? this.handset.ip : this.handset.wifiIp
  }

  /** As it left the shop: what earlier logins left on it is no longer shown. */
  renew(): void {
    this.#simSince = this.#clock.now()
    this.show(idleScreen)
  }

  change({ sim, mobileData, supported }: PhoneChange): void {
    const { view, handset } = this
    if (sim !== undefined && sim !== view.sim) {
      handset.sim = sim
      this.#simSince = this.#clock.now()
      this.#mark(
        sim === null
          ? 'The SIM is taken out of the phone.'
          : `Another SIM is put in the phone: its number ends in ${sim.slice(-2)}.`,
      )
    }
    if (mobileData !== undefined && mobileData !== view.mobileData) {
      handset.mobileData = mobileData
      this.#mark(
        mobileData ? 'Mobile data is switched on.' : 'Mobile data is switched off; the phone is on Wi-Fi only.',
      )
    }
    if (supported !== undefined && supported !== view.supported) {
      handset.operator = supported ? 'supported' : 'unsupported'
      this.#mark(
        supported ? 'The operator takes part in silent checks.' : 'The operator takes no part in silent checks.',
      )
    }
    this.show(idleScreen)
  }

  /** What the SDK in a mobile app does: opens the check URL over mobile data and hands the last answer back. */
  async open(url: string): Promise<SdkResult> {
    const entry = this.#log.add({
      kind: 'request',
      from: 'Page',
      to: 'Phone',
      what: 'open check URL',
      status: null,
      note: 'The page asks the phone to open the check URL over mobile data.',
    })
    this.show(openingScreen)
    const result = await this.handset.open(url)
    this.#showResult(result)
    if (result.error !== undefined) {
      this.#log.answer(entry, 'failed', `It cannot: ${result.error}.`)
      return { error: result.error, error_description: result.error_description }
    }
    this.#log.answer(entry, result.status, 'The phone hands over what came at the end.')
    return { http_status: result.status, ...(result.body && { response_body: result.body }) }
  }

  /** What a native module of the app does: asks Android for the token of a challenge. Wi-Fi will do. */
  async token(wanted: { kind: string; request: unknown }): Promise<TokenResult> {
    const entry = this.#log.add({
      kind: 'request',
      from: 'Page',
      to: 'Phone',
      what: 'get token',
      status: null,
      note: 'The page asks the phone for a token with the nonce of this login.',
    })
    this.show(askingScreen)
    try {
      const token = await this.handset.token(wanted)
      this.show(withToken(this.#screen))
      this.#log.answer(entry, 'signed', 'Google has signed the number of the SIM, and the nonce of this login.')
      return { token }
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      this.show(withFailure(this.#screen, capitalized(error.message)))
      this.#log.answer(entry, 'failed', `It cannot: ${error.code}.`)
      return { error: error.code, error_description: error.message }
    }
  }

  /** What the user does with an `sms:` link: the phone's own app sends the text. */
  async send(to: string, body: string): Promise<SendResult> {
    const result = await this.handset.send(to, body)
    if (result === 'no_sim') this.#log.add({ kind: 'mark', note: 'The phone has no SIM, so it cannot send the text.' })
    this.show(result === 'no_sim' ? withFailure(idleScreen, 'No SIM to send the text with') : sentScreen)
    return result
  }

  /** A text by the app's own gateway. @returns whether the number is that of the SIM */
  receive(to: string, text: string): boolean {
    if (to !== this.handset.sim) return false
    this.#texts.push({ kind: 'sms', way: 'in', who: 'Acme', text, at: this.#clock.now() })
    if (this.#texts.length > 20) this.#texts.shift()
    this.show(textScreen)
    return true
  }

  show(screen: PhoneScreen): void {
    this.#screen = screen
    this.refresh()
  }

  /** Tells all who look, also of what only time has changed. */
  refresh(): void {
    for (const listener of this.#listeners) listener()
  }

  get screen(): PhoneScreen {
    return this.#screen
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #showResult(result: OpenResult): void {
    const code = result.body?.['code']
    if (typeof code === 'string') this.show(withCode(this.#screen, maskCode(code)))
    else if (result.error !== undefined) this.show(withFailure(this.#screen, capitalized(result.error_description)))
    else
      this.show(
        withFailure(this.#screen, String(result.body?.['error'] ?? result.body?.['title'] ?? `HTTP ${result.status}`)),
      )
  }

  #mark(note: string): void {
    this.#log.add({ kind: 'mark', note })
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
