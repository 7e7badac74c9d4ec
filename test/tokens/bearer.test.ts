import { request } from 'node:http'
import express from 'express'
import passport, { type PassportStatic } from 'passport'
import { describe, expect, test } from 'vitest'
import { BearerStrategy } from '../../src/passport/bearer.js'
import { ask, tokenApp } from '../support/tokens/tokens.js'

const bare = 'Bearer realm="https://api.example"'
const invalid = `${bare}, error="invalid_token", error_description="The token is expired, ended or not for here."`

describe('RFC 6750', () => {
  test.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic dTpw' }],
    ['a scheme that begins alike', { authorization: 'BearerX abc' }],
  ])('%s: a challenge without an error', async (_name, headers) => {
    const app = await tokenApp()
    const answer = await app.me(undefined, headers)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, bare])
    expect(app.events).toEqual([])
  })

  test.each(['Bearer', 'Bearer x', 'bearer x', 'Bearer x y', 'Bearer  '])(
    '%j: invalid_token',
    async (authorization) => {
      const app = await tokenApp()
      const answer = await app.me(undefined, { authorization })
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, invalid])
    },
  )

  test.each(['bearer', 'BEARER', 'Bearer '])('the scheme in any spelling: %s', async (scheme) => {
    const app = await tokenApp()
    const { body } = await app.login()
    expect((await app.me(undefined, { authorization: `${scheme} ${body.access_token}` })).status).toBe(200)
  })
})

test('the claims are in req.authInfo', async () => {
  const app = await tokenApp()
  const { body } = await app.login()
  const answer = await app.me(body.access_token)
  expect(answer.body).toMatchObject({ sub: 'user-1', claims: { acr: 'high', amr: ['phonecheck'], sub: 'user-1' } })
})

describe('the verify callback', () => {
  test.each([
    ['a promise of nobody', async () => undefined, 'no_answer'],
    ['false', () => false as const, 'user_refused'],
    ['null', () => null, 'user_refused'],
    [
      'done(null, false)',
      (_claims: object, done: (error: unknown, user?: false) => void) => done(null, false),
      'user_refused',
    ],
  ])('says no with %s: 401', async (_name, verify, reason) => {
    const app = await tokenApp({ verify: verify as never })
    const answer = await app.me((await app.login()).body.access_token)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, invalid])
    const message = reason === 'no_answer' && { message: expect.stringContaining('`return`') }
    expect(app.events).toEqual([{ type: 'token_refused', reason, ...message }])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('database down')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('database down')
      },
    ],
    ['calls done with an error', (_claims: object, done: (error: unknown) => void) => done(new Error('database down'))],
    [
      'takes done, and rejects',
      async (_claims: object, _done: unknown) => {
        throw new Error('database down')
      },
    ],
  ])('%s: an error, and no verdict', async (_name, verify) => {
    const app = await tokenApp({ verify: verify as never })
    const answer = await app.me((await app.login()).body.access_token)
    expect([answer.status, answer.body['message']]).toEqual([500, 'database down'])
  })

  test('done style says yes, with info beside the claims', async () => {
    const app = await tokenApp({
      after: (express, settings) => {
        const pass = new passport.Passport() as unknown as PassportStatic
        pass.use(new BearerStrategy(settings, (claims, done) => done(null, { id: claims.sub }, { scope: 'all' })))
        express.get('/info', pass.authenticate('bearer', { session: false }), (req, res) => {
          res.json(req.authInfo)
        })
      },
    })
    const { body } = await app.login()
    const info = await ask(`${app.url}/info`, { headers: { authorization: `Bearer ${body.access_token}` } })
    expect(info.body).toMatchObject({ scope: 'all', phoneCheckToken: { sub: 'user-1' } })
  })

  test('is never asked about a bad token', async () => {
    let asked = 0
    const app = await tokenApp({
      verify: () => {
        asked += 1
        return { id: 'x' }
      },
    })
    await app.me('x.y.z')
    await app.me()
    expect(asked).toBe(0)
  })
})

describe('as Passport has it', () => {
  test('an instance that is shared by two requests answers both', async () => {
    let release: (() => void) | undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let waiting = 0
    const app = await tokenApp({
      after: (express, settings) => {
        const strategy = new BearerStrategy(settings, async ({ sub }) => {
          waiting += 1
          if (waiting === 2) release?.()
          await gate
          return { id: sub }
        })
        express.get('/shared', new passport.Passport().authenticate(strategy, { session: false }), (req, res) => {
          res.json({ sub: req.user?.id })
        })
      },
    })
    const both = await Promise.all(
      ['user-1', 'user-2'].map(async (id) => {
        const { body } = await app.login(id)
        const answer = await ask(`${app.url}/shared`, {
          headers: { authorization: `Bearer ${body.access_token}` },
          signal: AbortSignal.timeout(5_000),
        })
        return answer.body.sub
      }),
    )
    expect(both).toEqual(['user-1', 'user-2'])
  })

  test('by name it works on a clone, and under another name', async () => {
    const app = await tokenApp({
      after: (express, settings) => {
        const pass = new passport.Passport() as unknown as PassportStatic
        pass.use('api', new BearerStrategy(settings, ({ sub }) => ({ id: sub })))
        express.get('/named', pass.authenticate('api', { session: false }), (req, res) => {
          res.json({ sub: req.user?.id })
        })
      },
    })
    const { body } = await app.login()
    const answer = await ask(`${app.url}/named`, { headers: { authorization: `Bearer ${body.access_token}` } })
    expect(answer.body.sub).toBe('user-1')
  })

  test('in a chain, its challenge stands beside the others, and is gone when another strategy succeeds', async () => {
    const app = await tokenApp({
      after: (express, settings) => {
        const pass = new passport.Passport() as unknown as PassportStatic
        const realm = { ...settings, audience: 'https://admin.example' }
        pass.use('admin', new BearerStrategy(realm, ({ sub }) => ({ id: sub })))
        pass.use('api', new BearerStrategy(settings, ({ sub }) => ({ id: sub })))
        express.get('/either', pass.authenticate(['admin', 'api'], { session: false }), (_req, res) => {
          res.json({ ok: true })
        })
      },
    })
    const none = await ask(`${app.url}/either`, {})
    expect(none.headers.get('www-authenticate')).toBe(`Bearer realm="https://admin.example", ${bare}`)
    const { body } = await app.login()
    const good = await ask(`${app.url}/either`, { headers: { authorization: `Bearer ${body.access_token}` } })
    expect([good.status, good.headers.get('www-authenticate')]).toEqual([200, null])
  })

  test('two Authorization headers are none, whichever is good: a proxy in front may have judged the other', async () => {
    const app = await tokenApp()
    const { body } = await app.login()
    const { port } = new URL(app.url)
    for (const headers of [
      [`Bearer ${body.access_token}`, 'Bearer x'],
      ['Bearer x', `Bearer ${body.access_token}`],
    ]) {
      const status = await new Promise((resolve) => {
        // A list of names and values is written as it stands.
        const lines = ['host', '127.0.0.1', ...headers.flatMap((value) => ['authorization', value])]
        request({ port, path: '/me', headers: lines as never }, (res) => resolve(res.resume().statusCode)).end()
      })
      expect(status).toBe(401)
    }
  })

  test('a custom callback gets the challenge', async () => {
    let heard: unknown
    const app = await tokenApp({
      after: (express, settings) => {
        const pass = new passport.Passport() as unknown as PassportStatic
        pass.use(new BearerStrategy(settings, ({ sub }) => ({ id: sub })))
        express.get('/custom', (req, res, next) => {
          const decide = (error: unknown, user: unknown, info: unknown, status: unknown) => {
            heard = [error, user, info, status]
            res.json({})
          }
          pass.authenticate('bearer', { session: false }, decide)(req, res, next)
        })
      },
    })
    await ask(`${app.url}/custom`, {})
    expect(heard).toEqual([null, false, bare, 401])
  })

  test('failWithError keeps challenge, code and message, in the body too', async () => {
    const app = await tokenApp({
      after: (app, settings) => {
        const pass = new passport.Passport() as unknown as PassportStatic
        pass.use(new BearerStrategy(settings, ({ sub }) => ({ id: sub })))
        app.get('/strict', pass.authenticate('bearer', { session: false, failWithError: true }), (_req, res) => {
          res.end()
        })
      },
    })
    const answer = await ask(`${app.url}/strict`, { headers: { authorization: 'Bearer x' } })
    expect(answer.status).toBe(401)
    expect(answer.body).toMatchObject({ status: 401, code: 'token_invalid' })
    expect(answer.headers.get('www-authenticate')).toBe(invalid)
  })

  test('without phoneCheckErrors an outage is still 503', async () => {
    const app = await tokenApp({ settings: { checkRevoked: true } })
    const { body } = await app.login()
    const bare = express()
    const pass = new passport.Passport() as unknown as PassportStatic
    const store = { ...app.settings.store, find: () => Promise.reject(new Error('down')) } as never
    const broken = { ...app.settings, store: Object.assign(Object.create(app.settings.store as object), store) }
    pass.use(new BearerStrategy(broken, ({ sub }) => ({ id: sub })))
    bare.get('/', pass.authenticate('bearer', { session: false }))
    bare.use(((error, _req, res, _next) => res.status(error.status).end()) as express.ErrorRequestHandler)
    const server = bare.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as import('node:net').AddressInfo
    const answer = await ask(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${body.access_token}` } })
    server.close()
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([503, 'no-store'])
  })
})
