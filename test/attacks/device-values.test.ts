import { issueJwt, MemoryStore, revokeUser } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { number } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { codeOnly, day, guessUntilLocked, other, owner, Person } from '../support/known-devices.js'
import { type LadderApp, ladderApp } from '../support/ladder.js'

describe('a device value gives nothing', () => {
  /** Whether the holder of this value is a stranger to the number, which is locked for those. */
  async function isStranger(app: LadderApp, value: string, phoneNumber = number): Promise<boolean> {
    const browser = new Browser(app.url)
    browser.cookies.set('phonecheck-device', value)
    const start = await new Person(app, phoneNumber, browser).start()
    expect([201, 429]).toContain(start.status)
    return start.body.code === 'code_locked'
  }

  test('for another number, when it is forged or changed, after 400 days, and under another secret', async () => {
    const app = await codeOnly()
    const known = await owner(app)
    const foreign = await owner(app, other)
    await guessUntilLocked(app, () => new Person(app))
    const value = known.deviceCookie
    expect(await isStranger(app, value)).toBe(false)
    expect(await isStranger(app, foreign.deviceCookie)).toBe(true)
    const flipped = value.slice(0, 30) + (value[30] === 'A' ? 'B' : 'A') + value.slice(31)
    for (const forged of [
      '',
      'x',
      '~~~',
      'A'.repeat(120),
      flipped,
      value.slice(0, -1),
      `${value}AAAA`,
      value.toLowerCase(),
      `.${value}`,
    ]) {
      expect(await isStranger(app, forged), forged).toBe(true)
    }
    // Beside those of others it is found.
    expect(await isStranger(app, [foreign.deviceCookie, 'x', value].join('~'))).toBe(false)

    const elsewhere = await codeOnly('cookie + body', { secret: 'another-test-secret-of-32-bytes-or-more' })
    await guessUntilLocked(elsewhere, () => new Person(elsewhere))
    expect(await isStranger(elsewhere, value)).toBe(true)

    await app.clock.advance(400 * day)
    await guessUntilLocked(app, () => new Person(app))
    expect(await isStranger(app, value)).toBe(true)
  })

  test('for another strategy over the same store, whose unlock() forgets it all the same', async () => {
    const clock = fakeClock()
    const store = new MemoryStore({ clock })
    const app = await codeOnly('cookie + body', { store }, clock)
    const known = await owner(app)
    const stricter = await codeOnly('cookie + body', { store, name: 'phonecheck-stricter' }, clock)
    const same = await codeOnly('cookie + body', { store }, clock)
    await guessUntilLocked(app, () => new Person(app))
    expect(await isStranger(stricter, known.deviceCookie)).toBe(true)
    expect(await isStranger(same, known.deviceCookie)).toBe(false)
    await stricter.phone.unlock(number)
    await app.clock.advance(day)
    await guessUntilLocked(app, () => new Person(app))
    expect(await isStranger(same, known.deviceCookie)).toBe(true)
  })

  test('once the number was unlocked; those of other numbers stay, and a later login makes a new one', async () => {
    const app = await codeOnly()
    const known = await owner(app)
    const bystander = await owner(app, other)
    await app.phone.unlock(number)
    await guessUntilLocked(app, () => new Person(app))
    await guessUntilLocked(app, () => new Person(app, other))
    expect(await isStranger(app, known.deviceCookie)).toBe(true)
    expect(await isStranger(app, bystander.deviceCookie, other)).toBe(false)

    await app.clock.advance(day)
    const later = await owner(app)
    await guessUntilLocked(app, () => new Person(app))
    expect(await isStranger(app, later.deviceCookie)).toBe(false)
    expect(await isStranger(app, known.deviceCookie)).toBe(true)
    await app.phone.unlock(number)
    await guessUntilLocked(app, () => new Person(app))
    expect(await isStranger(app, later.deviceCookie)).toBe(true)
  })

  test('before its login is won, and none is made for a refused user or for a sixth device in a day', async () => {
    let admit = true
    const clockless = await ladderApp('cookie + body', ['phonecheck'], { verify: () => (admit ? { id: '1' } : false) })
    const logIn = async () => {
      const person = new Person(clockless)
      const { challenge } = (await person.start()).body
      expect(person.deviceCookie).toBe('')
      await person.silent(challenge.url)
      return person.deviceCookie
    }
    admit = false
    expect(await logIn()).toBe('')
    admit = true
    const made = [await logIn(), await logIn(), await logIn(), await logIn(), await logIn(), await logIn()]
    expect(made.map((value) => value !== '')).toEqual([true, true, true, true, true, false])
    await clockless.clock.advance(day)
    expect(await logIn()).not.toBe('')
  })

  test('away: it holds no number, and two values of one number have nothing in common', async () => {
    const app = await codeOnly()
    const values = [await owner(app), await owner(app)].map(({ deviceCookie }) => deviceCookie)
    for (const value of values) {
      expect(value).toMatch(/^[A-Za-z0-9_-]{60,400}$/)
      const text = Buffer.from(value, 'base64url').toString('latin1')
      for (const part of ['2025550100', '5550100', '"US"']) expect(value + text).not.toContain(part)
    }
    const [one = '', two = ''] = values
    const pieces = Array.from({ length: one.length - 5 }, (_, index) => one.slice(index, index + 6))
    expect(pieces.filter((piece) => two.includes(piece))).toEqual([])
  })
})

describe('how it travels', () => {
  test('as a cookie of its own that scripts cannot read, on verify and on the return leg, for up to three numbers', async () => {
    const app = await codeOnly()
    const person = await owner(app)
    const line = person.browser.setCookies.find((one) => one.startsWith('phonecheck-device=')) ?? ''
    expect(line.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Max-Age=34560000', 'Path=/', 'SameSite=Lax'])
    for (const phoneNumber of [other, '+12025550143', '+12025550144']) {
      expect((await new Person(app, phoneNumber, person.browser).logIn()).status).toBe(200)
    }
    const values = person.deviceCookie.split('~')
    expect(values).toHaveLength(3)
    // A second login with a number takes the place of its first.
    await app.clock.advance(day)
    expect((await new Person(app, other, person.browser).logIn()).status).toBe(200)
    expect(person.deviceCookie.split('~').slice(1)).toEqual([values[0], values[1]])

    const redirecting = await ladderApp('cookie + redirect', ['phonecheck'])
    const returning = new Person(redirecting)
    expect((await returning.silent((await returning.start()).body.challenge.url)).status).toBe(302)
    expect(returning.deviceCookie).not.toBe('')
  })

  test('with a __Host- name over https', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck'], { strategy: { cookie: { secure: true } } })
    const person = new Person(app)
    await person.silent((await person.start()).body.challenge.url)
    const line = person.browser.setCookies.find((one) => one.startsWith('__Host-phonecheck-device=')) ?? ''
    expect(line.split('; ')).toContain('Secure')
  })

  test('for apps as a text: in req.authInfo after a login, and as `device` of their next start', async () => {
    const devices: (string | undefined)[] = []
    const app = await ladderApp('handle', ['idenfy-sms'], {
      simulator: { behaviour: { idenfySecondSend: 'accept', idenfyMaxWrongTries: 1_000 } },
      before: (express) => express.set('trust proxy', 'loopback'),
      after: (express) => express.use('/me', (_req, _res, next) => next()),
    })
    app.passport.transformAuthInfo((info: { phoneCheckDevice?: string }, done: (error: null, info: object) => void) => {
      devices.push(info.phoneCheckDevice)
      done(null, info)
    })
    const person = new Person(app)
    expect((await person.logIn()).status).toBe(200)
    expect(person.browser.cookies.has('phonecheck-device')).toBe(false)
    expect(devices).toEqual([expect.stringMatching(/^[A-Za-z0-9_-]{60,400}$/)])
    await app.clock.advance(day)
    await guessUntilLocked(app, () => new Person(app))
    const next = new Person(app)
    next.device = devices[0]
    expect((await next.logIn()).status).toBe(200)
    const malformed = new Person(app)
    malformed.device = 'x'.repeat(513)
    expect((await malformed.start()).body.code).toBe('invalid_request')
  })

  test('for apps that are given tokens, beside them; and revokeUser with the number makes a stranger of the device', async () => {
    const settings = {
      issuer: 'https://api.example',
      audience: 'https://api.example',
      keys: [{ kid: '1', algorithm: 'HS256' as const, secret: 'a-secret-for-tokens-of-at-least-32-bytes' }],
      subject: (user: Express.User) => user.id,
      store: new MemoryStore(),
      secret: 'a-secret-for-tokens-of-at-least-32-bytes',
    }
    const app = await ladderApp('handle', ['idenfy-sms'], {
      simulator: { behaviour: { idenfySecondSend: 'accept', idenfyMaxWrongTries: 1_000 } },
      verify: () => ({ id: 'u1' }),
      before: (express) => express.set('trust proxy', 'loopback'),
      after: (express) => {
        const options = { session: false, failWithError: true }
        express.post(
          '/token',
          (req, res, next) => app.passport.authenticate('phonecheck', options)(req, res, next),
          issueJwt(settings),
        )
      },
    })
    const person = new Person(app)
    await person.start()
    const { body } = await person.post('/token', { flow: person.flow, code: person.code() })
    expect(body).toMatchObject({
      access_token: expect.any(String),
      device: expect.stringMatching(/^[A-Za-z0-9_-]{60,400}$/),
    })
    const again = async () => {
      await app.clock.advance(day)
      await guessUntilLocked(app, () => new Person(app))
      const next = new Person(app)
      next.device = String(body['device'])
      return (await next.start()).status
    }
    expect(await again()).toBe(201)
    await revokeUser(settings, 'u1', { phone: app.phone, phoneNumbers: [number] })
    expect(await again()).toBe(429)
  })

  test('also when its store forgets the device: the login is won, and asks again next time', async () => {
    const inner = new MemoryStore()
    const store = new Proxy(inner, {
      get: (target, name) =>
        name === 'find'
          ? (key: string) => (key.startsWith('device/') ? Promise.reject(new Error('down')) : target.find(key))
          : Reflect.get(target, name).bind(target),
    })
    const app = await ladderApp('cookie + body', ['phonecheck'], { strategy: { store } })
    const person = new Person(app)
    expect((await person.silent((await person.start()).body.challenge.url)).status).toBe(200)
    expect(person.deviceCookie).toBe('')
  })
})
