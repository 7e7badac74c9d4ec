import type { InboxItem, VirtualPhone } from 'passport-phonecheck/simulator'

/** A text or a call as the phone shows it. An inbox is there to be read, so codes are whole in it. */
export interface PhoneMessage {
  readonly kind: InboxItem['kind']
  readonly way: 'in' | 'out'
  /** Sender of what came in, receiver of what went out. */
  readonly who: string
  readonly text: string
  readonly at: number
}

const newestMs = 600_000
const most = 5

/** The newest texts and calls since then, of the last ten minutes, oldest first. @param texts that came another way */
export function messagesOf(
  { inbox, outbox }: VirtualPhone,
  texts: readonly PhoneMessage[],
  since: number,
  now: number,
): PhoneMessage[] {
  const received = inbox.map(({ kind, from, text, at }): PhoneMessage => ({ kind, way: 'in', who: from, text, at }))
  const sent = outbox
    .filter(({ result }) => result !== 'no_sim')
    .map(({ to, body, at }): PhoneMessage => ({ kind: 'sms', way: 'out', who: to, text: body, at }))
  return [...received, ...texts, ...sent]
    .filter(({ at }) => at > Math.max(since, now - newestMs))
    .sort((one, other) => one.at - other.at)
    .slice(-most)
}
