import {
  camaraNumberVerification,
  camaraOtpSms,
  firebasePnv,
  idenfySms,
  moCheck,
  type OwnMessage,
  operatorToken,
  ownSms,
  phoneCheck,
  type Started,
  twilioSna,
  twilioVerify,
  verifyService,
  vonageVerify,
} from 'passport-phonecheck'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { type ProviderSubject, providerContract, type VendorCall } from 'passport-phonecheck/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { FetchLike } from '../../src/providers/http/fetch.js'
import { number } from '../support/app.js'
import { camaraClients, camaraOptions } from '../support/camara.js'
import { digits, service } from '../support/code-service.js'
import { project } from '../support/firebase.js'
import { operatorTokenOptions } from '../support/operator-token.js'
import { twilioAccount } from '../support/twilio.js'
import { application } from '../support/vonage.js'

let sim: Simulator
beforeAll(async () => {
  sim = await startSimulator({ camaraClients: camaraClients ?? {} })
})
afterAll(() => sim.close())

type Reply = Awaited<ReturnType<FetchLike>>
const reply = (status: number, text: string) => (): Reply => ({
  status,
  headers: { get: () => null },
  text: async () => text,
})

/** What proxies and vendors in trouble answer. */
const noise = [
  reply(200, '<!doctype html><title>Sign in to the hotel Wi-Fi</title>'),
  reply(200, ''),
  reply(200, '{}'),
  reply(200, '[]'),
  reply(200, 'null'),
  reply(200, '{"status":true,"valid":true,"match":"true","is_verified":"true"}'),
  reply(201, '{"check_id":'),
  reply(204, ''),
  reply(302, ''),
  reply(500, '{"match":true,"is_verified":true}'),
  reply(503, 'Service Unavailable'),
  // Each vendor's yes, with a status that is none or in another type.
  reply(500, '{"status":"approved","valid":true}'),
  reply(200, '{"status":"APPROVED","valid":"true"}'),
  reply(500, '{"request_id":"x","status":"completed"}'),
  reply(200, '{"status":["completed"]}'),
  reply(500, '{"devicePhoneNumberVerified":true}'),
  reply(200, '{"devicePhoneNumberVerified":"true"}'),
  reply(200, '{"is_verified":1}'),
]
/** A rung's `fetch`, each call of which goes through the case, but for calls that are no part of what is tested. */
const over =
  (call: VendorCall<Reply>, apart = /\/oauth2\//): FetchLike =>
  async (url, init) => {
    const send = async (): Promise<Reply> => {
      const response = await fetch(url, { ...init, redirect: 'manual' } as RequestInit)
      const text = await response.text()
      return { status: response.status, headers: response.headers, text: async () => text }
    }
    return apart.test(url) ? send() : call(send)
  }

const account = () => ({ baseUrl: sim.url, clientId: 'client', clientSecret: 'the-client-secret' })
const urlOf = ({ challenge }: Started) => (challenge.type === 'open_url' ? challenge.url : '')

/** The same form, and another text in the middle of its last part: the last character has spare bits. */
const otherEnd = (code: string) => `${code.slice(0, -2)}${code.at(-2) === 'a' ? 'b' : 'a'}${code.at(-1)}`

const lastText = (to: string) => sim.phone(to).inbox.at(-1)?.text ?? ''

let openNumbers = 100
/** For vendors that have one check of a number at a time: numbers of its own for each case. */
const ownNumbers = () => {
  openNumbers += 20
}
const phoneNumber = (login: number) => `+1202555${String(openNumbers + login).padStart(4, '0')}`

/** An operator's rung. @param apart the calls that the case does not touch */
const numberVerification = (apart: RegExp): ProviderSubject<Reply> => ({
  create: (call) => camaraNumberVerification({ ...camaraOptions(sim), fetch: over(call, apart) }),
  answer: async (started) => {
    const { location = '' } = await sim.phone(number).browse(urlOf(started))
    return new URL(location).searchParams.get('code') ?? ''
  },
  wrong: otherEnd,
  malformed: noise,
  secrets: ['s3cret'],
})
const subjects: Record<string, ProviderSubject<Reply>> = {
  phoneCheck: {
    create: (call) => phoneCheck({ ...account(), fetch: over(call) }),
    answer: async (started) => {
      const end = await sim.phone(number).open(urlOf(started))
      return (end.body as { code: string }).code
    },
    wrong: otherEnd,
    malformed: noise,
    secrets: ['the-client-secret'],
  },
  moCheck: {
    create: (call) => moCheck({ ...account(), fetch: over(call) }),
    answer: async ({ challenge }) => {
      if (challenge.type === 'send_sms') await sim.phone(number).send(challenge.to, challenge.body)
      return undefined
    },
    malformed: noise,
    secrets: ['the-client-secret'],
  },
  idenfySms: {
    create(call) {
      ownNumbers()
      return idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'the-api-secret', fetch: over(call) })
    },
    phoneNumber,
    answer: (_started, to) => /\b(\d{4})\b/.exec(lastText(to))?.[1],
    wrong: digits,
    malformed: noise,
    secrets: ['the-api-secret'],
  },
  twilioVerify: {
    create(call) {
      ownNumbers()
      return twilioVerify({ ...twilioAccount, baseUrl: sim.url, fetch: over(call) })
    },
    phoneNumber,
    answer: (_started, to) => /\b(\d{6})\b/.exec(lastText(to))?.[1],
    wrong: digits,
    malformed: noise,
    secrets: [twilioAccount.authToken],
  },
  'vonageVerify, silent_auth': {
    create(call) {
      ownNumbers()
      const fetch = over(call)
      return vonageVerify({ channel: 'silent_auth', brand: 'ACME', ...application, baseUrl: sim.url, fetch })
    },
    phoneNumber,
    answer: async (started, to) => ((await sim.phone(to).open(urlOf(started))).body as { code: string }).code,
    wrong: otherEnd,
    malformed: noise,
    secrets: [application.privateKey.slice(60, 100)],
  },
  'vonageVerify, sms': {
    create(call) {
      ownNumbers()
      const account = { apiKey: 'key', apiSecret: 'the-api-secret' }
      return vonageVerify({ channel: 'sms', brand: 'ACME', ...account, baseUrl: sim.url, fetch: over(call) })
    },
    phoneNumber,
    answer: (_started, to) => /\b(\d{6})\b/.exec(lastText(to))?.[1],
    wrong: digits,
    malformed: noise,
    secrets: ['the-api-secret'],
  },
  'camaraNumberVerification, both calls': numberVerification(/^$/),
  'camaraNumberVerification, the last call': numberVerification(/\/camara\/token/),
  camaraOtpSms: {
    create(call) {
      ownNumbers()
      const { tokenUrl, apiRoot, clientId } = camaraOptions(sim)
      return camaraOtpSms({
        tokenUrl,
        apiRoot,
        clientId,
        clientAuth: { kind: 'basic', clientSecret: 's3cret' },
        message: '{{code}} is your code',
        fetch: over(call, /\/camara\/token/),
      })
    },
    phoneNumber,
    answer: (_started, to) => /\b(\d{6})\b/.exec(lastText(to))?.[1],
    wrong: digits,
    // Its yes is a 204, with nothing in it that could be malformed.
    malformed: noise.filter((make) => make().status !== 204),
    secrets: ['s3cret'],
  },
  twilioSna: {
    create(call) {
      ownNumbers()
      return twilioSna({ ...twilioAccount, baseUrl: sim.url, fetch: over(call) })
    },
    phoneNumber,
    answer: async (started, to) => (await sim.phone(to).open(urlOf(started))).text,
    wrong: otherEnd,
    malformed: noise,
    secrets: [twilioAccount.authToken],
  },
  operatorToken: {
    create: (call) => operatorToken(operatorTokenOptions(sim, { fetch: over(call) })),
    answer: ({ challenge }) => (challenge.type === 'get_token' ? sim.phone(number).token(challenge) : undefined),
    // A Binding JWT of which the device's signature does not hold.
    wrong: (code) => code.replace(/(.)(."\]\}\}\})$/, (_, char, end) => (char === 'a' ? 'b' : 'a') + end),
    malformed: [...noise, reply(200, '{"id":"a","format":"other","meta":{}}'), reply(200, '{"access_token":5}')],
    secrets: ['BEGIN PRIVATE KEY'],
  },
  firebasePnv: {
    create: (call) => firebasePnv({ ...project, baseUrl: sim.url, fetch: over(call) }),
    answer: ({ challenge }) => (challenge.type === 'get_token' ? sim.phone(number).token(challenge) : undefined),
    wrong: otherEnd,
    malformed: [...noise, reply(200, '{"keys":[]}'), reply(200, '{"keys":[{"kty":"oct","k":"AA"}]}')],
    secrets: [],
  },
}

/** Twilio keeps one Verification, with one token, for each number. test/providers/twilio-sna.test.ts has what holds all the same. */
const unpromised: Readonly<Record<string, string>> = { twilioSna: 'tells the checks of two logins of one number apart' }

describe.each(Object.entries(subjects))('%s', (subjectName, subject) => {
  for (const { name, run } of providerContract(subject)) if (name !== unpromised[subjectName]) test(name, run)
})

describe('ownSms', () => {
  const outbox: OwnMessage[] = []
  const subject: ProviderSubject<unknown> = {
    create: (call) => ownSms({ brand: 'Acme', send: (message) => call(async () => void outbox.push(message)) }),
    answer: () => outbox.at(-1)?.code,
    wrong: digits,
    // A gateway's answer is not looked at, but for a failure of its own.
    malformed: [() => ({ ok: false, status: 500 })],
    secrets: [],
  }
  for (const { name, run } of providerContract(subject)) test(name, run)
})

describe('verifyService', () => {
  const { codes, create, check } = service()
  const subject: ProviderSubject<unknown> = {
    create: (call) =>
      verifyService({
        name: 'svc',
        vendor: 'svc',
        start: () => call(create) as never,
        check: ({ id, code }) => call(() => check(id, code)) as never,
      }),
    answer: () => [...codes.values()].at(-1),
    wrong: digits,
    malformed: [() => undefined, () => ({}), () => true, () => ({ status: 'verified' }), () => '<html>'],
    secrets: [],
  }
  for (const { name, run } of providerContract(subject)) test(name, run)
})
