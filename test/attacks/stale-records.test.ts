import passport from 'passport'
import { MemoryStore, type Store } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { interceptedStore } from '../support/flow.js'
import { ladderApp, Visitor } from '../support/ladder.js'
import { beginWithCode, deviceAnswer, isLoggedIn, patches } from '../support/login.js'

type Json = Record<string, unknown>

describe('whoever can write to the store', () => {
  /** An app with a login and a link, one browser in the middle of both, and the hand of somebody on the records. */
  async function tampered() {
    const inner = new MemoryStore()
    const keys: string[] = []
    const store: Store = {
      ...interceptedStore(inner, () => {}),
      insert(key, record, ttl) {
        keys.push(key)
        return inner.insert(key, record, ttl)
      },
    }
    const app = await startApp({
      strategy: { store },
      after: (express, phone) => {
        const link = phone.purpose('link', { subject: (req) => req.user?.id }, async ({ phoneNumber }) => ({
          id: phoneNumber,
        }))
        const linking = new passport.Passport()
        linking.use(link)
        express.post('/link', link.start())
        express.post('/link/verify', linking.authorize('phonecheck-link', { failWithError: true }), (_req, res) => {
          res.json({ linked: true })
        })
      },
    })
    const { browser, flow, code } = await beginWithCode(app)
    expect((await browser.post('/login/phone/verify', { flow, code })).status).toBe(200)
    const other = '+12025550142'
    const started = await (await browser.post('/link', { phone_number: other })).json()
    const link = { flow: started.flow, code: (await deviceAnswer(app, started.challenge.url, other)).code }
    const login = await beginWithCode(app, browser)
    const [, linkKey = '', loginKey = ''] = keys

    const read = async (key: string): Promise<Json> => JSON.parse((await inner.find(key))?.record ?? '{}')
    async function edit(key: string, changes: Json): Promise<void> {
      const record = JSON.stringify({ ...(await read(key)), ...changes })
      expect(await inner.replace(key, (await inner.find(key))?.version ?? 0, record)).toBe(true)
    }
    const cookies = new Map(browser.cookies)
    /** The same browser as it was, whatever the last answer made it forget. */
    async function post(
      path: string,
      { flow, code }: { flow: string; code: string },
    ): Promise<{ status: number; code?: string }> {
      const again = new Browser(app.url)
      for (const [name, value] of cookies) again.cookies.set(name, value)
      const answer = await again.post(path, { flow, code })
      return { status: answer.status, code: (await answer.json()).code }
    }
    return { app, login, link, loginKey, linkKey, read, edit, post }
  }

  test('cannot make a login a proof for a signed-in user’s link', async () => {
    const { app, login, loginKey, linkKey, read, edit, post } = await tampered()
    const [before, theirs] = [await read(loginKey), await read(linkKey)]
    expect([before['purpose'], theirs['purpose']]).toEqual(['login', 'link'])
    const asked = patches(app)

    await edit(loginKey, { purpose: theirs['purpose'], subject: theirs['subject'] })
    expect(await post('/link/verify', login)).toEqual({ status: 401, code: 'flow_invalid' })
    expect(patches(app)).toBe(asked)

    await edit(loginKey, { purpose: before['purpose'], subject: undefined })
    expect((await post('/login/phone/verify', login)).status).toBe(200)
  })

  test('cannot make a link a login', async () => {
    const { app, link, linkKey, read, edit, post } = await tampered()
    const before = await read(linkKey)
    const asked = patches(app)

    await edit(linkKey, { purpose: 'phonecheck login', subject: undefined })
    expect(await post('/login/phone/verify', link)).toEqual({ status: 401, code: 'flow_invalid' })
    expect(patches(app)).toBe(asked)

    await edit(linkKey, before)
    expect((await post('/link/verify', link)).status).toBe(200)
  })
})

describe('a store that keeps records for too long', () => {
  /** Its ages are right, but nothing in it expires. */
  function hoarding(names: ('phonecheck' | 'idenfy-sms')[], verify?: () => Promise<{ id: string }>) {
    const clock = fakeClock()
    const inner = new MemoryStore({ clock })
    const store: Store = {
      ...interceptedStore(inner, () => {}),
      insert: (key, record, ttl) => inner.insert(key, record, ttl * 100),
    }
    const accepting = { behaviour: { idenfySecondSend: 'accept' as const } }
    return ladderApp('handle', names, { strategy: { store }, simulator: accepting, ...(verify && { verify }) }, clock)
  }

  test('does not lengthen a login: at 600 s every step of it is 401', async () => {
    const app = await hoarding(['phonecheck', 'idenfy-sms'])
    const visitor = new Visitor(app)
    await visitor.start()
    await app.clock.advance(599_999)
    expect(await visitor.status()).toMatchObject({ status: 200, body: { state: 'expired' } })
    await app.clock.advance(1)
    for (const step of [visitor.status, visitor.fallback, visitor.resend, () => visitor.verify({ code: 'x' })]) {
      expect(await step()).toMatchObject({ status: 401, body: { code: 'flow_invalid' } })
    }
    await app.clock.advance(3_600_000)
    expect(await visitor.status()).toMatchObject({ status: 401, body: { code: 'flow_invalid' } })
  })

  test('does not let a proof of the last minute log in after the login’s end', async () => {
    let down = true
    const app = await hoarding(['idenfy-sms'], async () => {
      if (down) throw new Error('the database is down')
      return { id: 'u1' }
    })
    const visitor = new Visitor(app)
    await visitor.start()
    await app.clock.advance(310_000)
    expect((await visitor.resend()).status).toBe(201)
    const code = visitor.code()
    await app.clock.advance(280_000)
    expect((await visitor.verify({ code })).status).toBe(500)
    down = false
    await app.clock.advance(10_000)
    expect(await visitor.verify({ code })).toMatchObject({ status: 401, body: { code: 'flow_invalid' } })
    expect(await isLoggedIn(visitor.browser)).toBe(false)
  })
})
