import { generateKeyPairSync } from 'node:crypto'
import { firebasePnv, idenfySms, MemoryStore, moCheck, type PhoneCheckEvent, phoneCheck } from 'passport-phonecheck'
import type { StorageLike } from 'passport-phonecheck/client'
import { type Simulator, startSimulator } from 'passport-phonecheck/simulator'
import { type FakeClock, fakeClock } from 'passport-phonecheck/testing'
import { onTestFinished } from 'vitest'
import { createApp } from '../../../examples/jwt-api/app.js'
import { type DeviceLogin, deviceLogin } from '../../../examples/react-native/device-login.ts'
import type { Opener } from '../../../examples/react-native/mobile-data.ts'
import { createSession, type SecretBox, type Session } from '../../../examples/react-native/session.ts'
import { simulatedPhone } from '../../../examples/react-native/simulated-phone.ts'
import type { TokenFetcher } from '../../../examples/react-native/system-token.ts'
import { project } from '../firebase.js'
import { ownServer } from './own-server.js'

export const number = '+12025550100'

export interface Server {
  url: string
  sim: Simulator
  clock: FakeClock
  events: PhoneCheckEvent[]
  /** Calls so far. */
  count(path: string): number
  /** Asked before each call; a status answers it. */
  before: (path: string) => Promise<number | undefined> | number | undefined
}

/** examples/jwt-api with all three rungs, as an app copies it; with PNV before them if wanted. */
export async function startServer({ pnv = false } = {}): Promise<Server> {
  const clock = fakeClock()
  const sim = await startSimulator({ clock })
  onTestFinished(() => sim.close())
  const { server, url } = await ownServer()
  const events: PhoneCheckEvent[] = []
  const calls: string[] = []
  const account = { baseUrl: sim.url, clientId: 'client', clientSecret: 'secret', clock }
  const app = createApp({
    ladder: [
      ...(pnv ? [firebasePnv({ ...project, baseUrl: sim.url, clock })] : []),
      phoneCheck(account),
      moCheck(account),
      idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret', clock }),
    ],
    store: new MemoryStore({ clock }),
    tokenStore: new MemoryStore({ clock }),
    secret: 'a-test-secret-of-at-least-32-bytes',
    countries: ['US'],
    origin: url,
    jwtKeys: [
      { kid: 'test', algorithm: 'ES256', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
    ],
    clock,
    onEvent: (event) => void events.push(event as PhoneCheckEvent),
  })
  const self: Server = {
    url,
    sim,
    clock,
    events,
    count: (path) => calls.filter((called) => called === path).length,
    before: () => undefined,
  }
  server.on('request', async (req, res) => {
    calls.push(req.url ?? '')
    const status = await self.before(req.url ?? '')
    if (status === undefined) app(req, res)
    else res.writeHead(status).end()
  })
  return self
}

export interface Device extends DeviceLogin {
  session: Session
  /** Shows what is in it. */
  box: SecretBox & { secret: string | null }
}

export function boxOf(secret: string | null = null): Device['box'] {
  const box: Device['box'] = {
    secret,
    read: async () => box.secret,
    write: async (next) => {
      box.secret = next
    },
    clear: async () => {
      box.secret = null
    },
  }
  return box
}

interface DeviceParts {
  open?: Opener
  token?: TokenFetcher | undefined
  box?: Device['box']
  /** Stands still while the app sleeps. */
  ownClock?: FakeClock
  storage?: StorageLike
}

/** The app's logic in a phone with that number. */
export function device(
  { url, sim, clock }: Server,
  { open = simulatedPhone(sim.url, number), token, box = boxOf(), ownClock = clock, storage }: DeviceParts = {},
): Device {
  const session = createSession({ api: url, box, now: ownClock.now })
  const made = deviceLogin({ api: url, open, token, session, clock: ownClock, ...(storage && { storage }) })
  onTestFinished(() => made.login.cancel())
  return { ...made, session, box }
}

export const codeIn = (sim: Simulator) => /\b\d{4}\b/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[0] ?? ''
