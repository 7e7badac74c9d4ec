/** A message or call that reached the phone. */
export interface InboxItem {
  readonly kind: 'sms' | 'call' | 'whatsapp'
  /** Sender's name or number. */
  readonly from: string
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** A message that the phone sent. */
export interface OutboxItem {
  readonly to: string
  readonly body: string
  readonly result: SendResult
  /** Milliseconds since the epoch. */
  readonly at: number
}

/**
 * What became of a message, as far as its sender can know: whether it was the right one, the vendor tells the app only.
 * - delivered: to a vendor
 * - dropped: nobody has that number
 * - no_sim: not sent
 */
export type SendResult = 'delivered' | 'dropped' | 'no_sim'

/** One step of what the phone did. */
export interface Activity {
  readonly at: number
  readonly kind: 'open' | 'browse' | 'send' | 'token'
  /** Without its query; null when the phone never got as far as a request, and for a message or a token. */
  readonly url: string | null
  /** HTTP status; null when there was no answer. */
  readonly status: number | null
  /** Why there was none, or why a message did not arrive. */
  readonly error?: string
  /** Whom a message was for; a number shows its last four digits only. */
  readonly to?: string
}

/** An HTTP answer, or the SDK's own error. */
export type OpenResult = OpenAnswer | OpenError

export interface OpenAnswer {
  readonly status: number
  /** Parsed JSON, when the answer was some. */
  readonly body: Readonly<Record<string, unknown>> | undefined
  /** The answer as it is. */
  readonly text: string
  /** Last URL of the chain. */
  readonly url: string
  readonly error?: never
}

export interface OpenError {
  readonly error: 'sdk_no_data_connectivity' | 'sdk_connection_error' | 'sdk_redirect_error' | 'invalid scheme'
  readonly error_description: string
  readonly status?: never
  readonly body?: never
  readonly text?: never
  readonly url?: never
}

/** What the vendor's SDK resolves with. */
export type SdkResult =
  | OpenError
  | {
      readonly http_status: number
      /** Parsed JSON; another answer as text. */
      readonly response_body: Readonly<Record<string, unknown>> | string | undefined
    }

/** Where a browser on the phone stands: at a page of the simulator, or before a redirect that leaves it. */
export interface BrowseResult {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> | undefined
  /** URL that gave this answer. */
  readonly url: string
  /** Set when the answer redirects out of the simulator. */
  readonly location: string | undefined
}
