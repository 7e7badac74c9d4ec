import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import type { Clock } from '../contracts/clock.js'
import type { TraceContext } from '../contracts/telemetry.js'
import { PhoneCheckError } from './errors.js'

const named = (step: string): TracingChannel<unknown, TraceContext> => tracingChannel(`passport-phonecheck:${step}`)

/** Ask for `hasSubscribers` before {@link traced}: then what nobody listens to costs one look. */
export const channels = {
  start: named('start'),
  rung: named('rung'),
  provider: named('provider'),
  store: named('store'),
  redeem: named('redeem'),
  refresh: named('refresh'),
}

/** Every event of every strategy, as `onEvent` is told of it. */
export const eventChannel: Channel = channel('passport-phonecheck:event')

/**
 * Runs one step for those who listen. What it returns or throws is handed on untouched and never
 * published: a result holds the handle, and an error of the application may hold anything.
 * @param told what its result adds to the context
 */
export async function traced<T>(
  on: TracingChannel<unknown, TraceContext>,
  clock: Pick<Clock, 'now'>,
  context: TraceContext,
  run: () => Promise<T>,
  told: (result: T) => TraceContext,
): Promise<T> {
  const began = clock.now()
  let end: { value: T } | undefined
  let thrown: unknown
  const step = async () => {
    try {
      const value = await run()
      end = { value }
      Object.assign(context, { outcome: 'ok' }, told(value))
    } catch (error) {
      thrown = error
      const { code: outcome = 'error', details = {} } = error instanceof PhoneCheckError ? error : {}
      const { reason, flowId } = details
      Object.assign(context, { outcome }, reason !== undefined && { reason }, flowId !== undefined && { flowId })
      throw Object.assign(new Error(outcome), { code: outcome })
    } finally {
      context.durationMs = clock.now() - began
    }
  }
  await on.tracePromise(step, context).catch(() => {})
  if (!end) throw thrown
  return end.value
}
