import { describe, expect, test } from 'vitest'
import { everyRung, type Rig, rigApp } from '../support/every-rung.js'
import { type Answer, type Mode, Visitor } from '../support/ladder.js'

// A stranger begins a login with somebody else's number while its owner logs in. Some vendors keep
// one check for each number, so both logins may have the same one.

/** On every rung: what the stranger has is the login, a phone of its own, and what can be guessed. */
class Stranger extends Visitor {
  readonly answers: Answer[] = []

  async attack(rig: Rig, started: Answer): Promise<void> {
    const own = new Visitor(this.app, '+12025550144')
    const bodies: Record<string, unknown>[] = [
      {},
      { code: rig.madeUp ?? (started.body.challenge.length === 4 ? '0000' : '000000') },
    ]
    // The stranger's own phone does what the stranger's login asks for.
    if (started.body.challenge.type === 'open_url' || started.body.challenge.type === 'send_sms')
      bodies.push(await rig.prove(own, started, null as never))
    await this.status()
    for (const body of bodies) this.answers.push(await this.verify(body))
  }
}

async function twoFlows(rig: Rig, mode: Mode, isStrangerFirst: boolean) {
  const { app, own, next } = await rigApp(rig, mode)
  const owner = new Visitor(app)
  const stranger = new Stranger(app)
  let foreign = isStrangerFirst ? await stranger.start() : undefined
  const started = await owner.start()
  expect(started.status).toBe(201)
  const isNext = started.body.method === 'next'
  const body = isNext ? { code: next.codeOf(owner.number) } : await rig.prove(owner, started, own)
  foreign ??= await stranger.start()

  if (foreign.status === 201) await stranger.attack(rig, foreign)
  await app.clock.advance(rig.waitMs ?? 0)
  const [answer] = await Promise.all([owner.verify(body), stranger.verify({}), stranger.status()])
  if (foreign.status === 201) await stranger.attack(rig, foreign)
  return { app, owner, stranger, answer }
}

describe.each(Object.entries(everyRung))('%s', (_name, rig) => {
  describe.each(['cookie + body', 'handle'] as const)('%s', (mode) => {
    test.each([
      ['before', true],
      ['after', false],
    ])("a stranger's login, begun %s the owner's, is never won, and the owner's is", async (_when, isFirst) => {
      const { app, owner, stranger, answer } = await twoFlows(rig, mode, isFirst)
      expect(answer).toMatchObject({ status: 200, body: { user: { id: `user-of-${owner.number}` } } })
      expect(stranger.answers.filter(({ status }) => status < 400)).toEqual([])
      expect(await stranger.isLoggedIn()).toBe(false)
      expect(app.verified.count).toBe(1)
    })
  })
})
