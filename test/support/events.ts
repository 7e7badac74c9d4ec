import type { PhoneCheckEvent } from 'passport-phonecheck'

/** An event without what every one has: the time, how long its login has taken, and a sentence made for it. */
export function bare<Event extends PhoneCheckEvent>(event: Event): Event {
  const own = Object.entries(Object.getOwnPropertyDescriptors(event)).filter(
    ([name, { get }]) => !get && name !== 'at' && name !== 'durationMs',
  )
  return Object.defineProperties({}, Object.fromEntries(own)) as Event
}
