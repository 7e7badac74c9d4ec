import { describe, expect, test } from 'vitest'
import { limits } from '../../src/limits/numbers.js'
import { number } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { again, codeOnly, day, guessUntilLocked, other, owner, Person } from '../support/known-devices.js'
import { calls, ladderApp } from '../support/ladder.js'

describe('a device that logged in before', () => {
  test('gets its code while strangers have locked the number', async () => {
    const app = await codeOnly()
    const known = await owner(app)
    expect(await guessUntilLocked(app, () => new Person(app))).toBe(limits.guesses.limit)
    expect((await new Person(app).start()).body.code).toBe('code_locked')
    expect((await again(known).logIn()).status).toBe(200)
    // And what it did opens nothing for them.
    expect((await new Person(app).start()).body.code).toBe('code_locked')
  })

  test('gets its messages while strangers have used up the number’s, who are held back for an hour at most', async () => {
    const app = await codeOnly()
    const known = await owner(app)
    const waits: number[] = []
    for (let round = 0; round < 6; round++) {
      let answer = await new Person(app).start()
      while (answer.status === 201) answer = await new Person(app).start()
      expect(answer.body.code).toBe('number_limit')
      waits.push(answer.retryAfter)
      if (round < 5) await app.clock.advance(answer.retryAfter * 1000)
    }
    expect(Math.max(...waits)).toBe(3600)
    expect((await again(known).logIn()).status).toBe(200)
    expect((await new Person(app).start()).body.code).toBe('number_limit')
  })

  test('goes on with its own counters over resends, wrong codes and several tabs', async () => {
    const app = await codeOnly()
    const known = await owner(app)
    await guessUntilLocked(app, () => new Person(app))
    const [left, right] = [again(known), again(known)]
    expect((await left.start()).status).toBe(201)
    const code = left.code()
    expect((await right.start()).status).toBe(201)
    await app.clock.advance(125_000)
    expect((await right.resend()).status).toBe(201)
    expect((await right.wrong()).body.code).toBe('invalid_code')
    expect((await left.verify({ code: right.code() === code ? '0000' : right.code() })).body.code).toBe('invalid_code')
    expect((await right.verify({ code: right.code() })).status).toBe(200)
  })

  test('is bounded itself: ten wrong codes in a row lock it, and a copy of it, and nobody else', async () => {
    const app = await codeOnly()
    const known = await owner(app)
    const thief = new Browser(app.url)
    thief.cookies.set('phonecheck-device', known.deviceCookie)
    expect(await guessUntilLocked(app, () => new Person(app, number, thief))).toBe(limits.guesses.limit)
    expect((await again(known).start()).body.code).toBe('code_locked')
    const stranger = new Person(app)
    expect((await stranger.logIn()).status).toBe(200)
  })

  test('shares a bound with all others of its number, so that many collected values bring no more guesses; unlock() and a MOCheck clear it', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms', 'mocheck'], {
      simulator: { behaviour: { idenfySecondSend: 'accept', idenfyMaxWrongTries: 1_000 } },
      before: (express) => express.set('trust proxy', 'loopback'),
    })
    const collect = async () => {
      const known: Person[] = []
      for (let index = 0; index < 3; index++) known.push(await owner(app))
      return known
    }
    /** Whether a typed code is open: the ladder goes on to a MOCheck where it is not. */
    const method = async (person: Person) => (await again(person).start()).body['method']
    const guess = async (person: Person, times: number) => {
      for (let left = times; left > 0; left -= 3) {
        const guesser = again(person)
        expect((await guesser.start()).body['method']).toBe('idenfy-sms')
        for (let tries = 0; tries < Math.min(3, left); tries++) await guesser.wrong()
      }
      await app.clock.advance(600_000)
    }
    const burn = async (known: Person[]) => {
      const before = app.sim.count(calls.verify)
      for (const person of known) await guess(person, person === known[2] ? 2 : 9)
      expect(app.sim.count(calls.verify) - before).toBe(limits.guessesByDevices.limit)
      for (const person of known) expect(await method(person)).toBe('mocheck')
    }
    const known = await collect()
    await burn(known)
    // Strangers have theirs.
    const stranger = new Person(app)
    expect((await stranger.start()).body['method']).toBe('idenfy-sms')
    const mobile = again(known[2] as Person)
    const { challenge } = (await mobile.start()).body
    await mobile.phone.send(challenge.to, challenge.body)
    await app.clock.advance(3_000)
    expect((await mobile.verify()).status).toBe(200)
    await app.clock.advance(day)
    expect(await method(known[0] as Person)).toBe('idenfy-sms')

    await app.phone.unlock(number)
    await app.clock.advance(day)
    const later = await collect()
    await burn(later)
    await app.phone.unlock(number)
    await app.clock.advance(day)
    expect(await method(await owner(app))).toBe('idenfy-sms')
  })

  test('keeps its counter over a login, so that its owner hands a thief no new guesses', async () => {
    const app = await codeOnly()
    const known = await owner(app)
    const guesser = again(known)
    await guesser.start()
    for (let tries = 0; tries < 3; tries++) await guesser.wrong()
    expect((await again(known).logIn()).status).toBe(200)
    expect(await guessUntilLocked(app, () => again(known))).toBe(7)
  })

  test('has at most 5 messages in a day, and all such devices of a number 20', async () => {
    const app = await codeOnly()
    const devices: Person[] = []
    for (let index = 0; index < 6; index++) {
      const person = new Person(app)
      for (let answer = await person.logIn(); answer.status !== 200; answer = await person.logIn()) {
        await app.clock.advance(answer.retryAfter * 1000)
      }
      if (person.deviceCookie) devices.push(person)
      await app.clock.advance(day / 4)
    }
    await app.clock.advance(day)
    const before = app.sim.count(calls.send)
    for (const person of devices) {
      for (let message = 0; message < 4; message++) {
        if (message === 3) await app.clock.advance(600_000)
        await again(person).start()
      }
    }
    expect(app.sim.count(calls.send) - before).toBe(limits.perDayByDevices.sends)
    await app.clock.advance(day)
    const [first] = devices
    const codes: (string | undefined)[] = []
    for (let message = 0; first && message < 7; message++) {
      if (message % 3 === 0) await app.clock.advance(600_000)
      codes.push((await again(first).start()).body.code)
    }
    expect(codes).toEqual([...Array(5).fill(undefined), 'number_limit', 'number_limit'])
  })

  test('is not stopped by the limits on checks of its number, nor by strangers who used up the day', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck'], {
      before: (express) => express.set('trust proxy', 'loopback'),
      strategy: { limits: { checksPerNumber: 3, checksPerDay: 20 } },
    })
    const person = new Person(app)
    expect((await person.silent((await person.start()).body.challenge.url)).status).toBe(200)
    for (let index = 0; index < 4; index++) await new Person(app).start()
    expect((await new Person(app).start()).body.code).toBe('number_limit')
    expect((await again(person).start()).status).toBe(201)
    for (let index = 0; index < 30; index++) await new Person(app, `+1202555${1000 + index}`).start()
    expect((await new Person(app, other).start()).body.code).toBe('spending_limit')
    expect((await again(person).start()).status).toBe(201)
  })

  test('is not stopped by whoever has used up all that its address may do', async () => {
    const app = await codeOnly('cookie + body', {
      limits: { startsPerAddress: 4, sendsPerAddress: 3, failedVerifiesPerAddress: 2 },
    })
    const address = '203.0.113.7'
    const known = new Person(app, number, undefined, address)
    expect((await known.logIn()).status).toBe(200)
    await app.clock.advance(day)
    const strangers = [0, 1, 2].map((index) => new Person(app, `+1202555${1000 + index}`, undefined, address))
    for (const stranger of strangers) expect((await stranger.start()).status).toBe(201)
    expect((await new Person(app, other, undefined, address).start()).body.code).toBe('address_limit')
    const [guesser] = strangers as [Person]
    for (const code of ['invalid_code', 'invalid_code', 'address_limit'])
      expect((await guesser.wrong()).body.code).toBe(code)
    expect((await new Person(app, number, known.browser, address).logIn()).status).toBe(200)
  })

  test('gets its messages while strangers have used up those of its block, which sends no more than its limit in all', async () => {
    const app = await codeOnly('cookie + body', { limits: { sendsPerBlock: 10 } })
    const known = await owner(app)
    const before = app.sim.count(calls.send)
    for (let index = 0; index < 12; index++) await new Person(app, `+1202555${1000 + index}`).start()
    expect(app.sim.count(calls.send) - before).toBe(8)
    expect((await new Person(app, other).start()).body.code).toBe('number_limit')
    for (let index = 0; index < 2; index++) expect((await again(known).start()).status).toBe(201)
    expect((await again(known).start()).body.code).toBe('number_limit')
    expect(app.sim.count(calls.send) - before).toBe(10)
  })

  test.each([
    ['checks', { checksPerDay: 50 }, calls.create, 40],
    ['messages', { sendsPerDay: 50 }, calls.send, 40],
    ['messages of a country', { sendsPerCountryPerDay: 50 }, calls.send, 40],
  ] as const)(
    'does not use up the day of %s for other known devices, beside strangers who did',
    async (_what, most, call, ofStrangers) => {
      const app = await ladderApp('cookie + body', call === calls.send ? ['idenfy-sms'] : ['phonecheck'], {
        simulator: { behaviour: { idenfySecondSend: 'accept' } },
        before: (express) => express.set('trust proxy', 'loopback'),
        strategy: { limits: { ...most, checksPerNumber: 1_000 } },
      })
      const known = async (phoneNumber: string) => {
        const person = new Person(app, phoneNumber)
        const { status, body } = await person.start()
        expect(status).toBe(201)
        const end = call === calls.send ? person.verify({ code: person.code() }) : person.silent(body.challenge.url)
        expect((await end).status).toBe(200)
        return person
      }
      const mine = [await known(number), await known(number), await known(number)]
      const victim = await known(other)
      await app.clock.advance(day)
      const before = app.sim.count(call)
      // Each /24 has a share of its own.
      for (let index = 0; index < 60; index++)
        await new Person(app, `+1202555${1000 + index}`, undefined, `198.${18 + index}.0.7`).start()
      expect(app.sim.count(call) - before).toBe(ofStrangers)
      const codes: (string | undefined)[] = []
      for (let index = 0; index < 12; index++) codes.push((await again(mine[index % 3] as Person).start()).body.code)
      expect(codes).toEqual([...Array(5).fill(undefined), ...Array(7).fill('number_limit')])
      expect((await again(victim).start()).status).toBe(201)
      expect(app.events.filter(({ type }) => type === 'spending_limit')).toHaveLength(1)
    },
  )

  test('begins at most 30 silent logins in ten minutes, and all such devices of a number 100 in a day', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck'], {
      before: (express) => express.set('trust proxy', 'loopback'),
    })
    const devices: Person[] = []
    for (let index = 0; index < 4; index++) {
      const person = new Person(app)
      expect((await person.silent((await person.start()).body.challenge.url)).status).toBe(200)
      devices.push(person)
    }
    await app.clock.advance(day)
    const before = app.sim.count(calls.create)
    const begun = async (person: Person, many: number) => {
      const codes: (string | undefined)[] = []
      for (let index = 0; index < many; index++) codes.push((await again(person).start()).body.code)
      return codes
    }
    const [first, ...others] = devices as [Person, ...Person[]]
    expect(await begun(first, 31)).toEqual([...Array(limits.checksPerNumber.limit).fill(undefined), 'number_limit'])
    // It holds back neither the others nor strangers.
    for (const person of others) await begun(person, 30)
    expect(app.sim.count(calls.create) - before).toBe(limits.perDayByDevices.checks)
    expect((await new Person(app).start()).status).toBe(201)
    const refused = await again(first).start()
    expect(refused).toMatchObject({ status: 429, body: { code: 'number_limit' } })
    await app.clock.advance(day)
    expect((await again(first).start()).status).toBe(201)
  })
})
