import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { SimulatorClock } from '../state/clock.js'
import type { SignedCallback } from './callback-signature.js'

export interface PostResult {
  readonly status: number | null
  readonly error?: string
}

// Shorter than the shortest wait between two attempts, so that they never overlap.
const answerTimeoutMs = 5000

/** Posts once, follows nothing, never rejects. */
export function post(callback: SignedCallback, clock: SimulatorClock, closed: AbortSignal): Promise<PostResult> {
  return new Promise((resolve) => {
    const timer = new AbortController()
    const url = new URL(callback.url)
    const headers = { ...callback.headers, 'content-length': String(Buffer.byteLength(callback.body)) }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const call = send(url, { method: callback.method, headers, agent: false, signal: closed }, (response) => {
      // Only the status counts, but the receiver shall be able to finish.
      response.on('error', () => undefined).resume()
      finish({ status: response.statusCode ?? null })
    })
    const finish = (result: PostResult) => {
      timer.abort()
      resolve(result)
    }
    call.on('error', (error) => finish({ status: null, error: 'code' in error ? String(error.code) : error.message }))
    call.end(callback.body)
    clock.delay(answerTimeoutMs, timer.signal).then(
      () => {
        if (timer.signal.aborted) return
        finish({ status: null, error: 'no answer in time' })
        call.destroy()
      },
      () => undefined,
    )
  })
}
