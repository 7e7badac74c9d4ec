import express, { type Response, Router } from 'express'
import type { DemoPhone, PhoneChange } from './demo-phone.js'
import type { LadderSwitch } from './ladder-switch.js'
import { isLadderName } from './ladders.js'
import type { MovableClock } from './movable-clock.js'
import type { ProtocolLog } from './protocol-log.js'

export interface DemoParts {
  /** Origin of the simulator. */
  simulatorUrl: string
  clock: MovableClock
  log: ProtocolLog
  phone: DemoPhone
  choice: LadderSwitch
}

/** What the visitor can do to the phone, the clock and the log. */
export function controlRoutes({ simulatorUrl, clock, log, phone, choice }: DemoParts): Router {
  const routes = Router()
  routes.use(express.json({ limit: '4kb' }))

  routes.patch('/phone', (req, res) => {
    const change = readChange(req.body)
    if (typeof change === 'string') return refuse(res, change)
    phone.change(change)
    res.json(phone.view)
  })

  routes.put('/ladder', (req, res) => {
    const { name } = fields(req.body)
    if (!isLadderName(name)) return refuse(res, 'There is no ladder of that name.')
    choice.choose(name)
    phone.change({ mobileData: true, supported: true })
    phone.renew()
    log.clear()
    log.add({ kind: 'mark', note: `The app now signs in through ${choice.current.name}. ${choice.current.ways}` })
    res.json(choice.view)
  })

  routes.post('/phone/open', async (req, res) => {
    const { url } = fields(req.body)
    if (typeof url !== 'string' || !URL.canParse(url) || new URL(url).origin !== simulatorUrl) {
      return refuse(res, 'This phone opens check URLs of the simulator only.')
    }
    res.json(await phone.open(url))
  })

  routes.post('/phone/token', async (req, res) => {
    const { kind, request } = fields(req.body)
    if (kind !== 'firebase_pnv') return refuse(res, 'This phone gives tokens of Firebase PNV only.')
    res.json(await phone.token({ kind, request }))
  })

  routes.post('/phone/send', async (req, res) => {
    const { to, body } = fields(req.body)
    if (typeof to !== 'string' || typeof body !== 'string' || to === '' || body === '')
      return refuse(res, 'to and body must be texts.')
    res.json({ result: await phone.send(to, body) })
  })

  routes.post('/clock', (req, res) => {
    const { seconds } = fields(req.body)
    if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= 3600))
      return refuse(res, 'seconds must be a number up to 3600.')
    clock.advance(seconds * 1000)
    log.add({ kind: 'mark', note: `${seconds} seconds pass.` })
    phone.refresh()
    res.json({ now: clock.now() })
  })

  // Before a scenario: what the visitor sees next is of this one.
  routes.post('/renew', (_req, res) => {
    phone.renew()
    log.clear()
    res.status(204).end()
  })

  routes.delete('/log', (_req, res) => {
    log.clear()
    res.status(204).end()
  })
  return routes
}

function refuse(res: Response, error: string): void {
  res.status(400).json({ error })
}

function fields(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** @returns the change, or what is wrong with it */
function readChange(body: unknown): PhoneChange | string {
  const { sim, mobileData, supported } = fields(body)
  const change: PhoneChange = {}
  if (sim !== undefined) {
    const digits = typeof sim === 'string' ? sim.replace(/[ ().-]/g, '') : sim
    if (digits !== null && digits !== '' && !(typeof digits === 'string' && /^\+[1-9]\d{6,14}$/.test(digits))) {
      return 'Enter the number with its country code, such as +1 202 555 0100.'
    }
    change.sim = typeof digits === 'string' && digits !== '' ? digits : null
  }
  if (typeof mobileData === 'boolean') change.mobileData = mobileData
  if (typeof supported === 'boolean') change.supported = supported
  return change
}
