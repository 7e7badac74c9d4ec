import { randomUUID } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type Clock, type Hit, MemoryStore, PhoneCheckStrategy, type Provider, type Store } from 'passport-phonecheck'
import { userOf } from '../users.js'

/**
 * A strategy without any network: requests are plain objects, and the vendor answers at once. For
 * what is about the store and the clock.
 */
export interface LonePhone {
  start(number: string, address?: string): Promise<{ flow: string; code: string }>
  /** @returns what Passport would have been told: the user's id, or the problem's status */
  redeem(login: { flow: string; code: string }, address?: string): Promise<string | number>
  /** The record that was written last. */
  lastRecord(): string
}

const endless = {
  startsPerAddress: Number.POSITIVE_INFINITY,
  sendsPerAddress: Number.POSITIVE_INFINITY,
  failedVerifiesPerAddress: Number.POSITIVE_INFINITY,
  checksPerDay: Number.POSITIVE_INFINITY,
  checksPerNumber: Number.POSITIVE_INFINITY,
}

export function lonePhone({ store = new MemoryStore(), clock }: { store?: Store; clock?: Clock } = {}): LonePhone {
  let written = ''
  const watched: Store = {
    insert(key, record, ttlSeconds) {
      written = record
      return store.insert(key, record, ttlSeconds)
    },
    replace(key, version, record) {
      written = record
      return store.replace(key, version, record)
    },
    find: (key) => store.find(key),
    remove: (key) => store.remove(key),
    count: (hits: readonly Hit[]) => store.count(hits),
    ...(store.insertCharged && {
      insertCharged: async (key: string, record: string, ttlSeconds: number, hits: readonly Hit[]) => {
        written = record
        return store.insertCharged?.(key, record, ttlSeconds, hits) ?? 'taken'
      },
    }),
  }
  const phone = new PhoneCheckStrategy(
    {
      ladder: [rung],
      store: watched,
      secret: 'b3f1c0d9a7e84562b3f1c0d9a7e84562',
      limits: endless,
      ...(clock && { clock }),
    },
    async (identity) => ({ id: userOf(identity.phoneNumber) }),
  )
  const starting = phone.start({ binding: 'handle' })

  return {
    lastRecord: () => written,
    start(number, address = '127.0.0.1') {
      return new Promise((resolve, reject) => {
        const res = response((status, text) => {
          const { flow, challenge } = JSON.parse(text)
          if (status !== 201) return reject(new Error(`start answered ${status}: ${text}`))
          resolve({ flow, code: codeOf(challenge.url) })
        })
        starting(request({ phone_number: number }, address), res, reject)
      })
    },
    redeem({ flow, code }, address = '127.0.0.1') {
      return new Promise((resolve, reject) => {
        const passport = {
          success: (user: { id: string }) => resolve(user.id),
          fail: (_challenge: object, status: number) => resolve(status),
          redirect: () => reject(new Error('a redirect')),
          error: reject,
        }
        // As Passport does it for each request.
        const acting = Object.assign(Object.create(phone) as PhoneCheckStrategy, passport)
        const req = Object.assign(request({ flow, code }, address), { res: response(() => {}) })
        acting.authenticate(req)
      })
    },
  }
}

function codeOf(url: string): string {
  return url.slice(-'000000000000/redirect'.length, -'/redirect'.length)
}

/** PhoneCheck without HTTP, whose timers would hold on to memory for a while. What goes into the store is the same. */
const rung: Provider = {
  name: 'phonecheck',
  vendor: 'idlayr',
  assurance: 'high',
  ttlSeconds: 120,
  dwellSeconds: 10,
  codeGrammar: /^[\x21-\x7e]{1,256}$/,
  async start() {
    const id = randomUUID()
    const url = `https://eu.api.idlayr.com/phone_check/v0.2/checks/${id}/redirect`
    return { challenge: { type: 'open_url', url }, check: { id }, expiresInSeconds: 120 }
  },
  redeem: async ({ id }, code) => ({ outcome: id.endsWith(code) ? 'verified' : 'invalid_code' }),
}

function request(body: object, address: string): IncomingMessage {
  const headers = { 'content-type': 'application/json' }
  return {
    method: 'POST',
    url: '/login/phone',
    headers,
    body,
    ip: address,
    socket: { remoteAddress: address },
  } as unknown as IncomingMessage
}

/** A real one that nobody is connected to. */
function response(end: (status: number, text: string) => void): ServerResponse {
  const res = new ServerResponse(new IncomingMessage(new Socket()))
  return Object.assign(res, {
    end(text: unknown) {
      end(res.statusCode, String(text))
      return res
    },
  })
}
