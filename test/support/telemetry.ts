import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import type { ToldEvent, TraceContext } from 'passport-phonecheck'
import { onTestFinished } from 'vitest'

export const steps = ['start', 'rung', 'provider', 'store', 'redeem', 'refresh'] as const

export interface Published extends TraceContext {
  step: (typeof steps)[number]
}

/** Everything that is published until the test ends. */
export function listen() {
  const ended: Published[] = []
  const events: ToldEvent[] = []
  const texts: string[] = []
  const hearEvent = (event: unknown) => {
    events.push(event as ToldEvent)
    texts.push(inspect(event, { depth: 9, showHidden: true }), JSON.stringify(event))
  }
  subscribe('passport-phonecheck:event', hearEvent)
  onTestFinished(() => void unsubscribe('passport-phonecheck:event', hearEvent))
  for (const step of steps) {
    const on = tracingChannel<unknown, TraceContext>(`passport-phonecheck:${step}`)
    const note = (context: object) => void texts.push(inspect(context, { depth: 9, showHidden: true }))
    const heard = {
      start: note,
      end: note,
      asyncStart: note,
      asyncEnd(context: TraceContext) {
        note(context)
        ended.push({ step, ...context })
      },
      error: note,
    }
    on.subscribe(heard)
    onTestFinished(() => on.unsubscribe(heard))
  }
  return { ended, events, text: () => texts.join('\n') }
}
