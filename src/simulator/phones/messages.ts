/** A product that sends callbacks, as `x-tru-callback` names it. */
export type CallbackProduct = 'phone_check' | 'mo_check'

/** An SMS, a call or a WhatsApp message between a vendor and a phone. Holds no text. */
export interface PhoneMessageRecord {
  readonly kind: 'sms' | 'call' | 'whatsapp'
  readonly direction: 'to_phone' | 'from_phone'
  /** Number of the SIM, all but its last four digits hidden. */
  readonly phone: string
  /** Whether there was anyone to receive it. */
  readonly delivered: boolean
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** One attempt at a callback. */
export interface CallbackRecord {
  readonly kind: 'callback'
  readonly product: CallbackProduct
  readonly checkId: string
  /** 1, and up to 7 as long as the answer is not 200. */
  readonly attempt: number
  /** HTTP status; null as long as, or because, nothing was answered. */
  readonly status: number | null
  /** Why nothing was. */
  readonly error?: string
  /** Start of the attempt, milliseconds since the epoch. */
  readonly at: number
}

/** What travels besides the calls to a vendor. */
export type MessageRecord = PhoneMessageRecord | CallbackRecord

export type MessageListener = (record: MessageRecord) => void

/** An SMS on its way to a vendor. */
export interface Sms {
  /** Whom the network names as its sender. */
  readonly from: string
  readonly to: string
  readonly body: string
}
