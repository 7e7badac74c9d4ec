import { describe, expect, test } from 'vitest'
import { calls, type LadderApp, ladderApp, Visitor } from '../support/ladder.js'

const sends = (app: LadderApp) => app.sim.count(calls.send)
const accepting = { simulator: { behaviour: { idenfySecondSend: 'accept' as const } } }

/** On the code rung, without mobile data and without a text. */
async function onCode(app: LadderApp, number?: string): Promise<Visitor> {
  const visitor = new Visitor(app, number)
  await visitor.start()
  return visitor
}

describe('resends', () => {
  test('wait 125 s, then 250 s, and end after two', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], accepting)
    const visitor = await onCode(app)
    const first = visitor.code()
    await app.clock.advance(124_000)
    expect(await visitor.resend()).toMatchObject({ status: 429, body: { code: 'cooldown' }, retryAfter: 1 })
    await app.clock.advance(1_000)
    expect((await visitor.resend()).body).toMatchObject({
      method: 'idenfy-sms',
      flow: visitor.flow,
      challenge: { resend_in: 250 },
    })
    const second = visitor.code()
    if (first !== second) expect((await visitor.verify({ code: first })).body.code).toBe('invalid_code')
    await app.clock.advance(249_000)
    expect((await visitor.resend()).body.code).toBe('cooldown')
    await app.clock.advance(1_000)
    expect((await visitor.resend()).status).toBe(201)
    await app.clock.advance(200_000)
    expect(await visitor.resend()).toMatchObject({ status: 403, body: { code: 'send_refused' } })
    expect(sends(app)).toBe(3)
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
  })

  test('loops are cut off although the provider refuses each: the old code stays good', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'])
    const visitor = await onCode(app)
    await app.clock.advance(125_000)
    expect(await visitor.resend()).toMatchObject({ status: 403, body: { code: 'send_refused' } })
    for (let index = 0; index < 10; index++) expect((await visitor.resend()).body.code).toBe('cooldown')
    expect(sends(app)).toBe(2)
    expect((await visitor.verify({ code: visitor.code() })).status).toBe(200)
  })

  test('a rung that sends nothing has none', async () => {
    const app = await ladderApp()
    const visitor = new Visitor(app)
    await visitor.start()
    expect((await visitor.resend()).body.code).toBe('send_refused')
  })

  test('give three new tries for a new code, within five for the flow', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], accepting)
    const visitor = await onCode(app)
    const wrong = () => visitor.verify({ code: visitor.code() === '0000' ? '1111' : '0000' })
    for (let index = 0; index < 3; index++) expect((await wrong()).body.code).toBe('invalid_code')
    expect((await wrong()).body.code).toBe('rung_unable')
    await app.clock.advance(125_000)
    expect((await visitor.resend()).status).toBe(201)
    expect((await wrong()).body['attempts_left']).toBe(1)
    expect((await wrong()).body['attempts_left']).toBe(0)
    expect((await visitor.verify({ code: visitor.code() })).body.code).toBe('flow_invalid')
  })
})

describe('addresses', () => {
  test('a forged X-Forwarded-For does not make a new address', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], {
      ...accepting,
      strategy: { limits: { sendsPerAddress: 5 } },
    })
    let sent = 0
    for (let index = 0; index < 12; index++) {
      const visitor = new Visitor(app, `+1202555${String(1000 + index)}`)
      const answer = await visitor.start({ 'x-forwarded-for': `8.8.8.${index}` })
      if (answer.status === 201) sent += 1
      else expect(answer).toMatchObject({ status: 429, body: { code: 'address_limit' } })
    }
    expect(sent).toBe(5)
    expect(sends(app)).toBe(5)
  })

  test('starts are limited too, and a refused one asks no provider', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck'], { strategy: { limits: { startsPerAddress: 3 } } })
    for (let index = 0; index < 3; index++) expect((await new Visitor(app).start()).status).toBe(201)
    expect((await new Visitor(app).start()).body.code).toBe('address_limit')
    expect(app.sim.count(calls.create)).toBe(3)
    await app.clock.advance(600_000)
    expect((await new Visitor(app).start()).status).toBe(201)
  })

  test('failed redeems are limited, successes are not', async () => {
    const app = await ladderApp('cookie + body', ['phonecheck'], {
      strategy: { limits: { failedVerifiesPerAddress: 4 } },
    })
    const login = async (code?: string) => {
      const visitor = new Visitor(app)
      const { challenge } = (await visitor.start()).body
      const end = await visitor.phone.open(challenge.url)
      return (await visitor.verify({ code: code ?? end.body?.['code'] })).status
    }
    for (let index = 0; index < 8; index++) expect(await login()).toBe(200)
    for (let index = 0; index < 4; index++) expect(await login('wrong')).toBe(401)
    expect(await login()).toBe(429)
    expect(app.sim.count(calls.patch)).toBe(12)
    await app.clock.advance(600_000)
    expect(await login()).toBe(200)
  })

  test('one number block can be limited', async () => {
    const app = await ladderApp('cookie + body', ['idenfy-sms'], { strategy: { limits: { sendsPerBlock: 2 } } })
    const answers = []
    for (const last of ['0111', '0112', '0113'])
      answers.push((await new Visitor(app, `+1202555${last}`).start()).body.code)
    expect(answers).toEqual([undefined, undefined, 'number_limit'])
  })
})
