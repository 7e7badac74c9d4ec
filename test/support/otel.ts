import { AsyncLocalStorage } from 'node:async_hooks'
import type { Attributes, OpenTelemetryApi, SpanLike } from 'passport-phonecheck/otel'

export interface RecordedSpan extends SpanLike {
  name: string
  parent: string | undefined
  attributes: Attributes
  failed: boolean
  ended: boolean
}

/** Stands in for `@opentelemetry/api`, whose SDK is met in the slow tests: keeps what it is given. */
export function recorder() {
  const spans: RecordedSpan[] = []
  const points: { metric: string; value: number; attributes: Attributes }[] = []
  const active = new AsyncLocalStorage<RecordedSpan>()
  const metric = (name: string) => (value: number, attributes: Attributes) =>
    void points.push({ metric: name, value, attributes })
  const api: OpenTelemetryApi = {
    trace: {
      getTracer: () => ({
        startSpan(name, options, context) {
          const { attributes } = options as { attributes: Attributes }
          const span: RecordedSpan = {
            name,
            parent: (context as RecordedSpan | undefined)?.name,
            attributes: { ...attributes },
            failed: false,
            ended: false,
            setAttributes: (more) => Object.assign(span.attributes, more),
            setStatus: () => {
              span.failed = true
            },
            end() {
              span.ended = true
            },
          }
          spans.push(span)
          return span
        },
      }),
      setSpan: (_context, span) => span,
    },
    context: { active: () => active.getStore() },
    metrics: {
      getMeter: () => ({
        createHistogram: (name) => ({ record: metric(name) }),
        createCounter: (name) => ({ add: metric(name) }),
      }),
    },
  }
  return { api, spans, points, active }
}
