import type { OnEvent } from '../contracts/events.js'
import { isPromise } from './application.js'

/** Hands events to the application, whose listener may throw or reject without touching a login. */
export function isolateListener(onEvent: OnEvent | undefined): OnEvent {
  if (!onEvent) return () => {}
  return (event) => {
    try {
      // A promise of the listener is watched, or its rejection would end the process.
      isPromise(onEvent(event))
    } catch {
      // An operator's listener is never part of a login.
    }
  }
}
