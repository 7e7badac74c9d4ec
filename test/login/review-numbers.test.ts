import type { ReviewNumber } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { describe, expect, test } from 'vitest'
import { number } from '../support/app.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'

const day = 86_400_000
const inDays = (days: number) => new Date(Date.UTC(2026, 0, 1) + days * day)
const review = (change: Partial<ReviewNumber> = {}): ReviewNumber[] => [
  { phoneNumber: number, code: '482913', until: inDays(30), ...change },
]

describe('a review number', () => {
  test('logs in with its code, calls nobody, is of low assurance, and raises an event', async () => {
    const app = await ladderApp('cookie + body', undefined, { strategy: { reviewNumbers: review() } })
    const visitor = new Visitor(app)
    expect((await visitor.start()).body).toMatchObject({
      method: 'review',
      challenge: { type: 'enter_code', length: 6 },
      fallback: [],
    })
    expect((await visitor.verify({ code: '482914' })).body).toMatchObject({ code: 'invalid_code', attempts_left: 2 })
    const answer = await visitor.verify({ code: '482913' })
    expect(answer).toMatchObject({ status: 200, body: { method: 'review' } })
    expect(app.sim.requests).toHaveLength(0)
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'review_login', method: 'review' }))
  })

  test('has the same guess bound as any code', async () => {
    const app = await ladderApp('cookie + body', undefined, { strategy: { reviewNumbers: review() } })
    const codes: (string | undefined)[] = []
    for (let flow = 0; flow < 4; flow++) {
      const visitor = new Visitor(app)
      const start = await visitor.start()
      if (start.status !== 201) codes.push(start.body.code)
      else for (let index = 0; index < 3; index++) codes.push((await visitor.verify({ code: '000000' })).body.code)
    }
    expect(codes.filter((code) => code === 'invalid_code')).toHaveLength(10)
    expect(codes.slice(10)).toEqual(['code_locked', 'code_locked'])
  })

  test('ends by the time of day, in a process whose own clock stood still while the machine slept', async () => {
    const clock = fakeClock()
    let sleptMs = 0
    const sleepy = { ...clock, wall: () => clock.now() + sleptMs }
    const app = await ladderApp('cookie + body', undefined, {
      strategy: { reviewNumbers: review({ until: inDays(5 / 24) }), clock: sleepy },
    })
    expect((await new Visitor(app).start()).body.method).toBe('review')
    sleptMs = (10 / 24) * day
    expect((await new Visitor(app).start()).body.method).toBe('phonecheck')
    const late = () =>
      ladderApp('cookie + body', undefined, {
        strategy: { reviewNumbers: review({ until: inDays(91) }), clock: { ...clock, wall: () => clock.now() - day } },
      })
    await expect(late()).rejects.toThrow(/at most 90 days ahead/)
  })

  test('is an ordinary number once its time is up', async () => {
    const app = await ladderApp('cookie + body', undefined, {
      strategy: { reviewNumbers: review({ until: inDays(1) }) },
    })
    await app.clock.advance(day)
    const visitor = new Visitor(app)
    expect((await visitor.start()).body.method).toBe('phonecheck')
    expect(app.sim.count(calls.create)).toBe(1)
  })

  test('other numbers know nothing of its code', async () => {
    const app = await ladderApp('cookie + body', undefined, { strategy: { reviewNumbers: review() } })
    const visitor = new Visitor(app, '+12025550102')
    expect((await visitor.start()).body.method).toBe('phonecheck')
    expect((await visitor.verify({ code: '482913' })).body.code).toBe('invalid_code')
  })

  test.each([
    [{ until: inDays(91) }, /90 days/],
    [{ until: 'someday' }, /90 days/],
    [{ code: '12' }, /code/],
    [{ code: 'abcdef' }, /code/],
    [{ phoneNumber: '12' }, /phoneNumber/],
  ])('%o is refused at construction', async (change, message) => {
    await expect(
      ladderApp('cookie + body', undefined, { strategy: { reviewNumbers: review(change) } }),
    ).rejects.toThrow(message)
  })

  test('is refused below the floor', async () => {
    await expect(
      ladderApp('cookie + body', undefined, { strategy: { reviewNumbers: review(), floor: 'medium' } }),
    ).rejects.toThrow(/floor/)
  })
})
