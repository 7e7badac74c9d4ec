import { rmSync, writeFileSync } from 'node:fs'
import express, { type Express } from 'express'
import session from 'express-session'
import passport from 'passport'
import ts from 'typescript'
import { expect, onTestFinished, test, vi } from 'vitest'
import { listen } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { codeBlocks, readText, root } from '../support/markdown.js'

// The guide's first block is all that it takes: a newcomer copies it, and it runs as it stands.

const [block = ''] = codeBlocks(readText('docs/guides/own-sms.md'), 'ts')
const lines = block.split('\n').filter((line) => line.trim() !== '')

/** Runs the block beside what its `declare` lines say is there. */
async function run(given: Record<string, unknown>): Promise<void> {
  for (const [name, value] of Object.entries(given)) vi.stubGlobal(name, value)
  vi.stubEnv('PHONE_SECRET', 'a-test-secret-of-at-least-32-bytes')
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext }
  const file = `${root}test/docs/.own-sms-guide.mjs`
  writeFileSync(file, ts.transpileModule(block, { compilerOptions: options }).outputText)
  onTestFinished(() => {
    // Other files of this worker share the instance.
    passport.unuse('phonecheck')
    vi.unstubAllGlobals()
    vi.unstubAllEnvs()
    rmSync(file)
  })
  await import(file)
}

function appWithSessions(): Express {
  const app = express()
  app.use(session({ secret: 'a-test-secret', resave: false, saveUninitialized: false }), passport.session())
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))
  app.get('/me', (req, res) => void res.json(req.user ?? null))
  return app
}

test('an SMS-code login is replaced in fewer than 30 lines', () => {
  expect(lines.length).toBeLessThan(30)
})

test('they run as shown: a code is sent, a wrong one is refused, the right one signs in', async () => {
  const sent: { to: string; text: string; key: string }[] = []
  const app = appWithSessions()
  await run({
    app,
    gateway: { send: async (message: (typeof sent)[number]) => void sent.push(message) },
    findOrCreateUser: async (phoneNumber: string) => ({ id: `user-of-${phoneNumber}` }),
  })
  const server = await listen(app)
  onTestFinished(() => void server.close())
  const address = server.address()
  // Behind TLS, as the cookie is a secure one.
  app.set('trust proxy', 'loopback')
  const browser = new Browser(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
  const start = await browser.post('/login/phone', { phone_number: '+12025550100' })
  expect(start.status).toBe(201)
  const { flow, challenge } = await start.json()
  expect(challenge).toEqual({ type: 'enter_code', length: 6, resend_in: 60 })
  expect(sent).toMatchObject([{ to: '+12025550100', key: expect.any(String) }])
  const code = /^\d{6}/.exec(sent[0]?.text ?? '')?.[0] ?? ''
  const wrong = await browser.post('/login/phone/verify', {
    flow,
    code: code.replace(/^./, (d) => String((+d + 1) % 10)),
  })
  expect([wrong.status, await wrong.json()]).toEqual([
    401,
    expect.objectContaining({ code: 'invalid_code', attempts_left: 2 }),
  ])
  const right = await browser.post('/login/phone/verify', { flow, code })
  expect(await right.json()).toEqual({ id: 'user-of-+12025550100' })
  expect(await (await browser.request('/me')).json()).toEqual({ id: 'user-of-+12025550100' })
})
