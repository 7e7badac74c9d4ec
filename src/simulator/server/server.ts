import type { IncomingMessage, ServerResponse } from 'node:http'
import { isControlPath } from '../control/guard.js'
import { idenfyError } from '../idenfy/error.js'
import { isIdenfyPath } from '../idenfy/sms.js'
import { bareProblem } from '../idlayr/problem.js'
import { lineHeader } from '../phones/virtual-phone.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { twilioError, twilioTooLarge } from '../twilio/error.js'
import { isTwilioPath } from '../twilio/verify.js'
import { vonageError } from '../vonage/error.js'
import { isVonagePath } from '../vonage/verify.js'
import type { Fault } from './faults.js'
import type { Reply } from './reply.js'
import { readBody, type SimRequest } from './request.js'
import { findRoute, type Route } from './router.js'
import { applyFault, sendReply } from './send-reply.js'

/** Answers one HTTP request: finds its route, logs it, lets a fault at it. */
export async function serve(
  state: SimulatorState,
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? 'GET'
  const [path = '/', query = ''] = split(request.url ?? '/')
  const closed = new AbortController()
  response.on('close', () => closed.abort())
  const found = findRoute(routes, method, path)
  const run = async (): Promise<Reply> => {
    if (!('route' in found)) return refuse(state, path, found.length === 0 ? 'not_found' : 'method_not_allowed', found)
    const body = await readBody(request)
    if (body === undefined) return refuse(state, path, 'too_large')
    state.scheduler.sync()
    const line = request.headers[lineHeader]
    const call: SimRequest = {
      method,
      path,
      query: new URLSearchParams(query),
      params: found.params,
      headers: request.headers,
      body,
      device:
        found.route.from === 'device' ? state.phones.sender(typeof line === 'string' ? line : undefined) : undefined,
      remoteAddress: request.socket.remoteAddress ?? '127.0.0.1',
      closed: closed.signal,
    }
    return found.route.handle(call)
  }
  // The control plane is no vendor: neither logged nor faulted.
  if (isControlPath(path)) return sendReply(response, await run().catch(failure), undefined, state.clock, closed.signal)

  const from = 'route' in found ? found.route.from : request.headers[lineHeader] === undefined ? 'server' : 'device'
  const record = state.log.begin({ method, path, from, sdk: request.headers['x-tru-sdk-request'] !== undefined })
  const fault = state.faults.take(method, path)
  record.faulted = fault !== undefined
  const reply = await answered(state, fault, run, closed.signal).catch(failure)
  const unanswered = reply === 'hang' || reply === 'reset' || closed.signal.aborted
  state.log.settle(record, unanswered ? null : reply.status)
  if (reply === 'reset') request.socket.resetAndDestroy()
  if (unanswered) return
  return sendReply(response, reply, fault, state.clock, closed.signal)
}

async function answered(
  state: SimulatorState,
  fault: Fault | undefined,
  run: () => Promise<Reply>,
  closed: AbortSignal,
): Promise<Reply | 'hang' | 'reset'> {
  if (fault === undefined) return run()
  if (fault.hang === true) return 'hang'
  if (fault.reset === 'before') return 'reset'
  const reply = await applyFault(fault, run)
  if (fault.delayMs !== undefined) await state.clock.delay(fault.delayMs, closed).catch(() => undefined)
  return fault.reset === 'after' ? 'reset' : reply
}

const vonageNames = {
  not_found: 'not-found',
  method_not_allowed: 'method-not-allowed',
  too_large: 'too-large',
} as const

/** Each vendor has its own way to say it. */
function refuse(
  state: SimulatorState,
  path: string,
  name: 'not_found' | 'method_not_allowed' | 'too_large',
  allowed: readonly string[] = [],
): Reply {
  const headers: Record<string, string> = allowed.length === 0 ? {} : { Allow: allowed.join(', ') }
  if (isVonagePath(path)) return vonageError(vonageNames[name], headers)
  if (isTwilioPath(path))
    return name === 'too_large'
      ? twilioTooLarge()
      : twilioError(name === 'not_found' ? 20404 : 20004, undefined, headers)
  return isIdenfyPath(path) ? idenfyError(name, undefined, headers) : state.problem(name, headers)
}

function failure(error: unknown): Reply {
  return bareProblem(500, `The simulator failed: ${error instanceof Error ? error.message : 'unknown'}`)
}

function split(target: string): [string, string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}
