import { readdirSync, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Fault } from 'passport-phonecheck/simulator'
import { describe, expect, test } from 'vitest'
import { everyRung, type Mood, type OwnVendor, type Rig, rigApp } from '../support/every-rung.js'
import { type Answer, type LadderApp, Visitor } from '../support/ladder.js'
import { readText, root } from '../support/markdown.js'

// What the client of an app is answered, on every rung, in every case: over real HTTP, and as
// docs/reference/outcomes.md has it.

interface Scene {
  readonly name: string
  readonly rig: Rig
  readonly app: LadderApp
  readonly own: OwnVendor
  readonly visitor: Visitor
  /** Ends what was made to go wrong. */
  heal(): void
}

/** Why a case cannot occur on a rung, by the letter that the document explains. */
class Never {
  readonly why: 'a' | 'b' | 'c' | 'd' | 'e'

  constructor(why: Never['why']) {
    this.why = why
  }
}

type Case = (scene: Scene) => Promise<Answer | Never>
type Spoil = (scene: Scene) => unknown

/** Steps the clock on until the answer is there: whatever hangs is given up in time. */
async function outlasted(app: LadderApp, request: Promise<Answer>): Promise<Answer> {
  let isAnswered = false
  const settled = request.finally(() => {
    isAnswered = true
  })
  while (!isAnswered) {
    await pause(4)
    await app.clock.advance(500)
  }
  return settled
}

async function begin(scene: Scene, visitor = scene.visitor): Promise<Answer> {
  const answer = await visitor.start()
  expect(answer).toMatchObject({ status: 201, body: { method: scene.name } })
  return answer
}

/** A login up to where its device has done its part. @returns the body for verify */
async function proven(scene: Scene, visitor = scene.visitor, started?: Answer): Promise<Record<string, unknown>> {
  const body = await scene.rig.prove(visitor, started ?? (await begin(scene, visitor)), scene.own)
  await scene.app.clock.advance(scene.rig.waitMs ?? 0)
  return body
}

const atStart =
  (spoil: Spoil): Case =>
  async (scene) => {
    await spoil(scene)
    return outlasted(scene.app, scene.visitor.start())
  }

const atVerify =
  (spoil: Spoil): Case =>
  async (scene) => {
    const body = await proven(scene)
    await spoil(scene)
    return outlasted(scene.app, scene.visitor.verify(body))
  }

/** The call of that step goes wrong: by a fault of the vendor's, or by the application's own mood. */
const faulty =
  (at: 'start' | 'verify', parts: Partial<Fault>, mood: Mood): Case =>
  async (scene) => {
    const match = scene.rig.calls?.[at]
    if (scene.rig.calls && match === undefined) return new Never('d')
    if (at === 'verify' && scene.name === 'own-sms') return new Never('e')
    const spoil: Spoil = ({ app, own }) =>
      match === undefined ? Object.assign(own, { mood }) : app.sim.fault({ match, ...parts })
    return (at === 'start' ? atStart : atVerify)(spoil)(scene)
  }

const down = { status: 503 }
const hanging = { hang: true } as const
const malformed = { status: 200, body: {} }

const anotherLogin: Spoil = ({ app }) => new Visitor(app).start()
const mood =
  (mood: Mood): Spoil =>
  ({ own }) =>
    Object.assign(own, { mood })
const twilioSays =
  (sendError: 60203 | 60410): Spoil =>
  ({ app, visitor }) =>
    app.sim.override(visitor.number, { twilio: { sendError } })
const numberBlocked = { status: 403, code: 'ONE_TIME_PASSWORD_SMS.PHONE_NUMBER_BLOCKED', message: 'blocked' }

/** What the vendors that say so at start say it by. */
const refusals: Record<'busy' | 'blocked' | 'declined', Readonly<Record<string, Spoil>>> = {
  busy: {
    'idenfy-sms': anotherLogin,
    'twilio-sna': twilioSays(60203),
    'twilio-sms': twilioSays(60203),
    'vonage-silent': anotherLogin,
    'vonage-sms': anotherLogin,
    'camara-otp-sms': ({ app }) => Object.assign(app.sim.behaviour, { camaraOtpSends: 0 }),
    'own-sms': mood('busy'),
    'verify-service': mood('busy'),
  },
  blocked: {
    'twilio-sna': twilioSays(60410),
    'twilio-sms': twilioSays(60410),
    'camara-otp-sms': ({ app, rig }) =>
      app.sim.fault({ match: String(rig.calls?.start), status: 403, body: numberBlocked }),
    'own-sms': mood('blocked'),
    'verify-service': mood('blocked'),
  },
  declined: { 'own-sms': mood('declined'), 'verify-service': mood('declined') },
}

/** What a device reports instead of a proof where its own system says so. */
const reports: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  blocked: { 'firebase-pnv': 'pnv/integrity-check-failed' },
  declined: { 'firebase-pnv': 'pnv/credential-manager-error', 'operator-token': 'NotAllowedError' },
}

const refused =
  (reason: keyof typeof refusals): Case =>
  async (scene) => {
    const error = reports[reason]?.[scene.name]
    if (error !== undefined) {
      await begin(scene)
      return scene.visitor.verify({ error })
    }
    const spoil = refusals[reason][scene.name]
    return spoil ? atStart(spoil)(scene) : new Never('c')
  }

const cases: Readonly<Record<string, Case>> = {
  'the right proof': atVerify(() => {}),
  'another SIM': async (scene) => {
    const started = await begin(scene)
    if (started.body.challenge.type === 'enter_code') return new Never('a')
    scene.visitor.phone.sim = '+12025550188'
    return scene.visitor.verify(await proven(scene, scene.visitor, started))
  },
  'a wrong code': async (scene) => {
    const { code } = await proven(scene)
    if (code === undefined) return new Never('b')
    const next = (digit: string) => String((Number(digit) + 1) % 10)
    return scene.visitor.verify({ code: scene.rig.madeUp ?? String(code).replace(/^./, next) })
  },
  'busy: the vendor has enough of this number for now': refused('busy'),
  'blocked: its fraud or country rules': refused('blocked'),
  'declined: the user said no': async (scene) => {
    if (scene.name !== 'number-verification') return refused('declined')(scene)
    scene.app.sim.override(scene.visitor.number, { camara: { authorizeError: 'access_denied' } })
    return scene.visitor.verify(await proven(scene))
  },
  'outage at start': faulty('start', down, 'outage'),
  'outage at verify': faulty('verify', down, 'outage'),
  'no answer at start': faulty('start', hanging, 'slow'),
  'no answer at verify': faulty('verify', hanging, 'slow'),
  'malformed answer at start': faulty('start', malformed, 'malformed'),
  'malformed answer at verify': faulty('verify', malformed, 'malformed'),
  'the proof again': async (scene) => {
    const body = await proven(scene)
    expect(await scene.visitor.verify(body)).toMatchObject({ status: 200 })
    return scene.visitor.verify(body)
  },
  "another login's proof": async (scene) => {
    await begin(scene)
    const { code } = await proven(scene, new Visitor(scene.app, '+12025550144'))
    return scene.visitor.verify(code === undefined ? {} : { code })
  },
}

/** What may come next: the same rung again, the next one at once, or a new login. */
async function whatFollows({ visitor }: Scene, { body }: Answer): Promise<string> {
  if (visitor.flow === '' || body.code === 'flow_invalid') return 'start again'
  const { state, rung } = (await visitor.status()).body
  if (state !== 'pending' && state !== 'verified') return 'start again'
  return rung === 'live' ? 'again' : 'next'
}

async function cellOf(scene: Scene, answer: Answer | Never): Promise<string> {
  if (answer instanceof Never) return `(${answer.why})`
  const { status, body } = answer
  if (status === 200) return '200, logged in'
  if (status === 201) return `201, skips: \`${(body['skipped'] as { reason: string }[])[0]?.reason}\``
  scene.heal()
  const { code, reason } = body
  const why = reason === undefined || reason === code || status === 503 ? '' : ` \`${reason}\``
  return `${status} \`${code}\`${why}: ${await whatFollows(scene, answer)}`
}

async function computed(name: string, rig: Rig, run: Case, mode: 'cookie + body' | 'handle'): Promise<string> {
  const { app, own } = await rigApp(rig, mode)
  const heal = () => {
    own.mood = 'well'
    app.sim.clearFaults()
  }
  const scene = { name, rig, app, own, visitor: new Visitor(app), heal }
  return cellOf(scene, await run(scene))
}

/** The table, by row and column. */
function documented(): { rungs: string[]; rows: Map<string, string[]> } {
  const lines = readText('docs/reference/outcomes.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const [head = [], , ...rows] = lines
  return {
    rungs: head.slice(1).map((cell) => cell.replaceAll('`', '')),
    rows: new Map(rows.map(([title = '', ...cells]) => [title, cells])),
  }
}

const { rungs, rows } = documented()

test('the table has every rung and every case', () => {
  expect([rungs, [...rows.keys()]]).toEqual([Object.keys(everyRung), Object.keys(cases)])
})

test('every rung that the library exports is one of them', () => {
  const exported = readText('src/index.ts').matchAll(
    /^export \{[^}]*\b(?!camaraPresets)[a-z]\w+,?\s\} from '\.\/providers\/(.*)\.js'$/gm,
  )
  const files = [...exported].map(([, path = '']) => `${path}.ts`)
  expect(files.length).toBeGreaterThan(8)
  const sources = Object.values(everyRung).map(({ source }) => source)
  expect(files.filter((file) => !sources.some((source) => file.startsWith(source)))).toEqual([])
})

describe.each(Object.entries(everyRung))('%s', (name, rig) => {
  const column = (title: string) => rows.get(title)?.[rungs.indexOf(name)]
  test.each(Object.entries(cases))('%s', async (title, run) => {
    const [cookie, handle] = await Promise.all([
      computed(name, rig, run, 'cookie + body'),
      computed(name, rig, run, 'handle'),
    ])
    expect({ cookie, handle }).toEqual({ cookie: column(title), handle: column(title) })
  })

  test('says of no reason that it cannot occur which its code knows', () => {
    const path = `${root}src/providers/${rig.source}`
    const files = statSync(path).isDirectory() ? readdirSync(path).map((file) => `${rig.source}/${file}`) : [rig.source]
    const source = files.map((file) => readText(`src/providers/${file}`)).join('\n')
    for (const [title] of Object.entries(cases).filter(([title]) => column(title) === '(c)'))
      expect(source).not.toContain(`'${title.split(':')[0]}'`)
  })
})
