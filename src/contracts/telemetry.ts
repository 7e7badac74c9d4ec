/**
 * What the tracing channels publish of one step. The same object from the channel's `start` to its
 * `asyncEnd`: what is only known at the end is there at the end. No number, code, handle, token or
 * secret is in it, and none in its `error`, which is a plain one that carries `code` alone.
 */
export interface TraceContext {
  /** Public id of the login, as in events. */
  flowId?: string
  purpose?: string
  /** Name of the rung. */
  method?: string
  vendor?: string
  /** Region of the number. */
  country?: string
  /** Network code of the SIM's operator (MCC and MNC), where the vendor names it. */
  operator?: string
  /** Of a provider or a store: the method that was called. */
  operation?: string
  /** How it ended: `ok`, `started`, an outcome of the provider, the code of a refusal, or `error`. */
  outcome?: string
  /** Why, from a closed list. */
  reason?: string
  /** By the strategy's clock. */
  durationMs?: number
}
