import { expect, test } from 'vitest'
import { type Answer, type TokenApp, tokenApp } from '../support/tokens/tokens.js'

/** A function of the application that gives no answer, and when it is asked. */
function unanswering() {
  let tell = () => {}
  const asked = new Promise<void>((resolve) => {
    tell = resolve
  })
  return { asked, tell: () => tell() }
}

/** The answer to a request that ends with its ten seconds, not sooner, and leaves no timer behind. */
async function afterTenSeconds(app: TokenApp, asked: Promise<void>, request: () => Promise<Answer>): Promise<Answer> {
  const timers = app.clock.pending
  const answer = request()
  await asked
  expect(app.clock.pending).toBe(timers + 1)
  await app.clock.advance(9_999)
  expect(app.clock.pending).toBe(timers + 1)
  await app.clock.advance(1)
  expect(app.clock.pending).toBe(timers)
  return answer
}

test.each([
  ['never calls done', (tell: () => void) => (_claims: object, _done: unknown) => tell()],
  ['returns a promise that never settles', (tell: () => void) => () => new Promise<never>(() => tell())],
])('a verify callback of BearerStrategy that %s is an error after ten seconds', async (_name, verify) => {
  const { asked, tell } = unanswering()
  const app = await tokenApp({ verify: verify(tell) as never })
  const { access_token } = (await app.login()).body
  const answer = await afterTenSeconds(app, asked, () => app.me(access_token))
  const message = "The verify callback of 'bearer' did not answer within 10 seconds."
  expect(answer).toMatchObject({ status: 500, body: { message } })
})

test('findUser that never answers is an error after ten seconds, and no verdict', async () => {
  const { asked, tell } = unanswering()
  let answers = false
  const findUser = (id: string) => (answers ? { id } : new Promise<never>(() => tell()))
  const app = await tokenApp({ settings: { findUser } })
  const { refresh_token } = (await app.login()).body
  const answer = await afterTenSeconds(app, asked, () => app.refresh(refresh_token))
  const message = 'findUser of the JwtSettings did not answer within 10 seconds.'
  expect(answer).toMatchObject({ status: 500, body: { message } })
  answers = true
  expect((await app.refresh(refresh_token)).status).toBe(200)
})
