import type { FetchLike, Signal } from 'passport-phonecheck/client'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { type Client, clientOf, number } from './client.js'

export { number }

export interface Reply {
  status?: number
  body?: unknown
  headers?: Record<string, string>
  redirected?: boolean
}

type Script = Reply | 'offline' | 'hang'

export interface FakeServer {
  clock: FakeClock
  /** When each call came, in seconds, and what it was. */
  calls: { at: number; call: string; body: Record<string, unknown>; signal: Signal }[]
  /** What comes next, for each call; the last one stays. */
  script: Record<string, Script[]>
  fetch: FetchLike
  /** Seconds at which that call came. */
  times(call: string): number[]
}

export const flow = 'f'.repeat(43)

export function step(challenge: object, more: object = {}): Reply {
  return {
    status: 201,
    body: { flow, id: '9f86d081884c7d65', method: 'way', challenge, expires_in: 180, fallback: ['next'], ...more },
  }
}

export const sms = step({
  type: 'send_sms',
  to: '+447700900001',
  body: '123456',
  href: 'sms:+447700900001?&body=123456',
})
export const code = step({ type: 'enter_code', length: 4, resend_in: 125 }, { expires_in: 300 })
export const url = step({ type: 'open_url', url: 'https://vendor.example/check' })
export const pending = (seconds = 3): Reply => ({
  body: { state: 'pending', rung: 'live', fallback: ['next'], retry_after: seconds },
})
export const problem = (status: number, name: string, headers: Record<string, string> = {}): Reply => ({
  status,
  body: { code: name },
  headers,
})

/** A server that answers as it is told, at once, on a clock that stands still: for whatever is about waiting. */
export function fakeServer(script: Record<string, Script[]>): FakeServer {
  const clock = fakeClock()
  const begin = clock.now()
  const self: FakeServer = {
    clock,
    calls: [],
    script,
    times: (call) => self.calls.filter((made) => made.call === call).map(({ at }) => at),
    async fetch(target, init) {
      const call = new URL(target).pathname.replace('/login/phone', '').slice(1) || 'start'
      self.calls.push({ at: (clock.now() - begin) / 1000, call, body: JSON.parse(init.body), signal: init.signal })
      const answers = script[call] ?? []
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 'offline'
      if (answer === 'offline') throw new TypeError('fetch failed')
      // A fetch that minds no signal, as some have it.
      if (answer === 'hang') return new Promise(() => {})
      const { status = 200, body = {}, headers = {}, redirected = false } = answer
      return {
        ok: status < 300,
        status,
        redirected,
        headers: new Headers(headers),
        json: async () => (typeof body === 'string' ? JSON.parse(body) : body),
      }
    },
  }
  return self
}

export function fakeClient(
  script: Record<string, Script[]>,
  options: Parameters<typeof clientOf>[1] = {},
): FakeServer & Client {
  const server = fakeServer(script)
  const open = async () => ({ check_id: 'c', code: 'right' })
  return Object.assign(server, clientOf({ ...server, open, url: 'https://app.example' }, options))
}
