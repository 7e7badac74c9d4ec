import { MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test } from 'vitest'
import { tokenApp } from '../support/tokens/tokens.js'

test('refreshAbsoluteSeconds that was lowered holds for the logins that live already, however busy', async () => {
  const clock = fakeClock()
  const store = new MemoryStore({ clock })
  const before = await tokenApp({ settings: { clock, store } })
  const busy = (await before.login()).body
  const idle = (await before.login()).body
  const after = await tokenApp({ settings: { clock, store, refreshAbsoluteSeconds: 3600 } })

  await clock.advance(3_599_000)
  const next = await after.refresh(busy.refresh_token)
  expect(next.status).toBe(200)
  await clock.advance(1_000)
  for (const token of [next.body.refresh_token, idle.refresh_token]) {
    const answer = await after.refresh(token)
    expect([answer.status, answer.body.code]).toEqual([401, 'token_invalid'])
  }
  expect(after.events.filter(({ type }) => type === 'refresh_reused')).toEqual([])

  const fresh = (await after.login()).body
  await clock.advance(3_599_000)
  expect((await after.refresh(fresh.refresh_token)).status).toBe(200)
})
