import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import type { ToldEvent } from '../contracts/events.js'
import type { TraceContext } from '../contracts/telemetry.js'

/** What is used of `@opentelemetry/api`: pass the module itself, of version 1.9 or newer. */
export interface OpenTelemetryApi {
  trace: {
    getTracer(name: string): { startSpan(name: string, options: object, context: never): SpanLike }
    setSpan(context: never, span: never): unknown
  }
  context: { active(): unknown }
  metrics: {
    getMeter(name: string): {
      createHistogram(name: string, options: object): { record(value: number, attributes: Attributes): void }
      createCounter(name: string, options: object): { add(value: number, attributes: Attributes): void }
    }
  }
}

export interface SpanLike {
  setAttributes(attributes: Attributes): unknown
  setStatus(status: never): unknown
  end(): void
}

export type Attributes = Record<string, string>

const steps = ['start', 'rung', 'provider', 'store', 'redeem', 'refresh'] as const
const outages = ['provider_unavailable', 'store_unavailable', 'delivery_unknown', 'error']
/** Values of `SpanKind` and `SpanStatusCode`, which are part of the API's contract. */
const internal = 0
const client = 2
const failed = 2

/** Members of events that are words of short closed lists: each value is a series of its own. */
const counted = ['method', 'country', 'reason', 'code', 'step', 'operation', 'kind', 'limit']

/**
 * Turns what the library publishes into spans and metrics, for all strategies of the process: one
 * span for each step, the histogram `phonecheck.step.duration` (s), and the counters
 * `phonecheck.events` and `phonecheck.verdicts`. No number, code, handle or token is in them.
 * @param api the module `@opentelemetry/api` of your application
 * @returns a function that ends it
 * @example
 * ```ts
 * import * as api from '@opentelemetry/api'
 * import { instrument } from 'passport-phonecheck/otel'
 *
 * instrument(api)
 * ```
 */
export function instrument({ trace, context, metrics }: OpenTelemetryApi): () => void {
  const tracer = trace.getTracer('passport-phonecheck')
  const meter = metrics.getMeter('passport-phonecheck')
  const duration = meter.createHistogram('phonecheck.step.duration', {
    unit: 's',
    description: 'How long a step took',
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 12] },
  })
  const events = meter.createCounter('phonecheck.events', { description: 'Events, as onEvent hears them' })
  const verdicts = meter.createCounter('phonecheck.verdicts', { description: 'What providers said of a proof' })
  const parents = new AsyncLocalStorage<SpanLike>()
  const spans = new WeakMap<object, SpanLike>()

  const begin = (step: string, told: TraceContext): SpanLike => {
    const parent = parents.getStore()
    const around = parent ? trace.setSpan(context.active() as never, parent as never) : context.active()
    const name = ['phonecheck', step, told.operation].filter(Boolean).join(' ')
    const kind = step === 'provider' || step === 'store' ? client : internal
    const span = tracer.startSpan(name, { kind, attributes: attributesOf(told) }, around as never)
    spans.set(told, span)
    return span
  }
  const finish = (step: string, told: TraceContext & { error?: unknown }): void => {
    const { outcome = 'error', durationMs = 0, operator, country, reason } = told
    const failure = 'error' in told && { 'error.type': outcome }
    const span = spans.get(told)
    span?.setAttributes({ ...attributesOf(told), ...failure })
    if (failure && outages.includes(outcome)) span?.setStatus({ code: failed } as never)
    span?.end()
    const { method, vendor, operation } = told
    duration.record(durationMs / 1000, {
      'phonecheck.step': step,
      ...attributesOf({ operation, method, vendor, outcome }),
      ...failure,
    })
    if (step === 'provider' && operation !== 'start')
      verdicts.add(1, attributesOf({ method, vendor, country, operator, outcome, reason }))
  }
  const stops = steps.map((step) => {
    const on = tracingChannel<SpanLike, TraceContext>(`passport-phonecheck:${step}`)
    const nothing = () => {}
    const end = (told: TraceContext) => finish(step, told)
    const heard = { start: nothing, end: nothing, asyncStart: nothing, asyncEnd: end, error: nothing }
    on.start.bindStore(parents, (told) => begin(step, told))
    on.subscribe(heard)
    return () => {
      on.start.unbindStore(parents)
      on.unsubscribe(heard)
    }
  })
  const count = (event: unknown) => {
    const { type } = event as ToldEvent
    const members = Object.entries(event as object).filter(([name]) => counted.includes(name))
    events.add(1, attributesOf({ event: type, ...Object.fromEntries(members) }))
  }
  subscribe('passport-phonecheck:event', count)
  return () => {
    for (const stop of stops) stop()
    unsubscribe('passport-phonecheck:event', count)
  }
}

const names: Readonly<Record<string, string>> = { flowId: 'flow.id', event: 'event.type' }

/** Words alone, each under the library's own namespace. */
function attributesOf(told: Record<string, unknown> | TraceContext): Attributes {
  const attributes: Attributes = {}
  for (const [name, value] of Object.entries(told)) {
    if (typeof value === 'string') attributes[`phonecheck.${names[name] ?? name}`] = value
  }
  return attributes
}
