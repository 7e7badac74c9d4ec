import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { problems } from '../../src/contracts/problems.js'
import { code, fakeClient, number } from '../support/client/fake-server.js'

/** What the UI may offer for each code of the server; one that is new fails the first test until somebody decides. */
const wanted: Record<string, string> = {
  invalid_request: 'stop',
  invalid_phone_number: 'restart',
  country_not_allowed: 'restart',
  number_type_not_allowed: 'restart',
  flow_invalid: 'restart',
  invalid_code: 'restart',
  token_invalid: 'restart',
  mismatch: 'restart',
  cross_site: 'stop',
  send_refused: 'stop',
  user_refused: 'stop',
  step_up_required: 'stop',
  pending: 'retry',
  in_progress: 'retry',
  too_early: 'wait',
  payload_too_large: 'stop',
  unsupported_media_type: 'stop',
  rung_unable: 'restart',
  ladder_exhausted: 'restart',
  cooldown: 'wait',
  number_limit: 'wait',
  spending_limit: 'wait',
  address_limit: 'wait',
  code_locked: 'wait',
  provider_unavailable: 'retry',
  store_unavailable: 'retry',
  delivery_unknown: 'retry',
}

test('every code of the server has an action and a name in the types', () => {
  expect(Object.keys(problems).sort()).toEqual(Object.keys(wanted).sort())
  const types = readFileSync(new URL('../../src/client/types.ts', import.meta.url), 'utf8')
  for (const name of Object.keys(problems)) expect(types).toContain(`| '${name}'`)
})

test.each(Object.entries(problems))('%s', async (name, [status]) => {
  const { login, clock } = fakeClient({
    start: [{ status, body: { code: name, reason: 'other' }, headers: { 'retry-after': '40' } }],
  })
  const failed = await login.start(number)
  expect(failed).toMatchObject({
    state: 'failed',
    problem: { code: name, action: wanted[name], reason: 'other', retryAt: clock.now() + 40_000 },
  })
})

test.each(['invalid_code', 'mismatch', 'rung_unable'])('%s offers another way when there is one', async (name) => {
  const { login } = fakeClient(
    {
      start: [
        { ...code, body: { ...(code.body as object), challenge: { type: 'open_url', url: 'https://x.example' } } },
      ],
      verify: [{ status: 401, body: { code: name } }],
    },
    { autoFallback: false },
  )
  expect(await login.start(number)).toMatchObject({ problem: { code: name, action: 'fallback' }, fallback: ['next'] })
})
