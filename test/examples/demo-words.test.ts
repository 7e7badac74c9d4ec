import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PhoneCheckEvent } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { explain } from '../../examples/session-login/demo/explain.js'
import { explainEvent } from '../../examples/session-login/demo/explain-event.js'
import { problems } from '../../src/contracts/problems.js'
import { unableReasons } from '../../src/contracts/unable-reason.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface Message {
  title: string
  text: string
}
// By address, because the compiler does not look into scripts of pages.
const page: {
  messageFor(problem: { code: string; reason?: string; retry_after?: number }, during?: 'resend'): Message
  withoutToken(problem: { code: string; reason?: string }): Message
} = await import(`${root}examples/session-login/public/messages.js`)

const anyFault = page.messageFor({ code: 'a code that nobody knows' })

/** What no user of this page can bring about, or do anything about. */
const forDevelopers = [
  'invalid_request',
  'payload_too_large',
  'unsupported_media_type',
  'step_up_required',
  'token_invalid',
]

describe('the page has words of its own', () => {
  test.each(Object.keys(problems).filter((code) => !forDevelopers.includes(code)))('for %s', (code) => {
    const { title, text } = page.messageFor({ code, retry_after: 130 })
    expect({ title, text }).not.toEqual(anyFault)
    expect(title + text).not.toMatch(/[{}_]|undefined/)
  })

  test.each([
    [30, 'in 30 seconds'],
    [125, 'in 3 minutes'],
    [86_400, 'in 24 hours'],
    [undefined, 'later'],
  ])('for a wait of %s seconds', (seconds, words) => {
    expect(
      page.messageFor({ code: 'cooldown', ...(seconds !== undefined && { retry_after: seconds }) }).text,
    ).toContain(words)
  })

  test('for a resend that is refused, which is not the same as a first message that is', () => {
    expect(page.messageFor({ code: 'send_refused', reason: 'other' }, 'resend').title).toBe(
      'The last code is still good',
    )
    expect(page.messageFor({ code: 'send_refused' }).title).not.toBe('The last code is still good')
  })

  test('for a phone without a token, which mobile data would not help, unlike one whose user said no', () => {
    const told = (reason: string) => page.withoutToken({ code: 'rung_unable', reason })
    expect(told('reported').title).toBe('This phone cannot confirm its number by itself')
    expect(told('mno_not_supported')).toEqual(told('reported'))
    expect(told('declined').title).toBe('Not confirmed')
  })

  test.each(unableReasons.filter((reason) => !['reported', 'other', 'provider_down'].includes(reason)))(
    'for a check that ends with %s',
    (reason) => {
      expect(page.messageFor({ code: 'rung_unable', reason })).not.toEqual(page.messageFor({ code: 'rung_unable' }))
    },
  )
})

describe('the log has words of its own', () => {
  const types = [
    ...readFileSync(`${root}src/contracts/events.ts`, 'utf8').matchAll(/[{'|] ?type: ('[\w' |]+')/g),
  ].flatMap(([, names = '']) => names.split('|').map((name) => name.trim().slice(1, -1)))
  const other = explainEvent({ type: 'no such event' } as unknown as PhoneCheckEvent)

  test('for some events at all', () => {
    expect(types.length).toBeGreaterThan(20)
  })

  test.each(types)('for %s', (type) => {
    const facts = {
      number: '+1********00',
      country: 'US',
      method: 'phonecheck',
      reason: 'other',
      operation: 'y',
      message: 'z',
    }
    expect(explainEvent({ type, ...facts } as unknown as PhoneCheckEvent)).not.toBe(other)
  })

  test.each([
    ['POST', '/login/phone/fallback'],
    ['POST', '/login/phone/resend'],
    ['POST', '/login/phone/status'],
    ['POST', '/mo_check/v0.1/checks'],
    ['GET', '/mo_check/v0.1/checks/0b1f'],
    ['POST', '/fraud/send-sms'],
    ['POST', '/fraud/verify-sms'],
    ['GET', '/.well-known/jwks.json'],
    ['GET', '/v1beta/jwks'],
  ])('for %s %s, whatever comes of it', (method, path) => {
    for (const status of [200, 409, 500]) expect(explain(method, path, status)).toMatch(/\.$/)
  })
})
