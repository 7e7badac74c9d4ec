import { createServer } from 'node:http'
import { type Behaviour, behaviourWith } from './behaviour.js'
import { type Check, type CheckStatus, Checks, type PhoneCheckErrorCode } from './checks.js'
import { type SimulatorClock, systemClock } from './clock.js'
import { controlRoutes } from './control.js'
import { coverageRoutes } from './coverage.js'
import { type Fault, type FaultHandle, FaultList } from './faults.js'
import { e164 } from './number.js'
import { oauthRoutes, type SimulatorClient } from './oauth.js'
import { operatorRoutes } from './operator.js'
import type { NumberOverride } from './override.js'
import { phoneCheckRoutes } from './phone-check.js'
import { Phones } from './phones.js'
import { type Brand, problemsOf } from './problem.js'
import { Rates } from './rates.js'
import { type RequestListener, RequestLog, type RequestRecord } from './request-log.js'
import { serve } from './server.js'
import { Tokens } from './tokens.js'
import type { VirtualPhone } from './virtual-phone.js'
import type { World } from './world.js'

export interface SimulatorOptions {
  /** TCP port on 127.0.0.1; 0 takes a free one. Default 0. */
  readonly port?: number
  /** Time for tokens, checks, delays and the phones' patience. Default: the system's. */
  readonly clock?: SimulatorClock
  /** Whether every check follows the vendor's sandbox rule, whatever the phone. Default false: the SIM decides. */
  readonly sandbox?: boolean
  /** Whose error documents problems point to. Default 'tru.id'. */
  readonly brand?: Brand
  /** Projects by client id. Default: any non-empty id and secret. */
  readonly clients?: Readonly<Record<string, SimulatorClient>>
  /** Seconds that a token lives. Default 3600. */
  readonly tokenTtlSeconds?: number
  readonly behaviour?: Partial<Behaviour>
}

/** A check as a test may see it. */
export interface CheckView {
  readonly checkId: string
  readonly status: CheckStatus
  readonly phoneNumber: string
  /** What the operator found, known before the server asks; null when it found nothing. */
  readonly match: boolean | null
  readonly errorCode: PhoneCheckErrorCode | null
  readonly referenceId: string | null
  readonly redirectUrl: string | null
  readonly callbackUrl: string | null
  readonly phoneIp: string | null
  /** How often the check URL was opened. */
  readonly opens: number
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface Simulator {
  /** Origin, without a trailing slash: the base URL of every provider. */
  readonly url: string
  /** May be changed at any time. */
  readonly behaviour: Behaviour
  /** Every call to a vendor, oldest first, at most the last 100,000; calls to /_simulator are not among them. */
  readonly requests: readonly RequestRecord[]
  readonly checks: readonly CheckView[]
  /** The phone that a real browser without a phone's header is running on. Default null: an unknown device, for which the sandbox rule decides. */
  browserPhone: VirtualPhone | null
  /**
   * The phone of that number, made on first use.
   * @throws TypeError when the number is not E.164 with a plus.
   */
  phone(number: string): VirtualPhone
  /** The check of that id. */
  check(checkId: string): CheckView | undefined
  /** How many logged calls match, as in `Fault.match`. */
  count(match: string): number
  /**
   * Spoils calls. Faults for the same call take their turns, oldest first.
   * @throws TypeError that names what is wrong with the fault.
   */
  fault(fault: Fault): FaultHandle
  clearFaults(): void
  /**
   * Special treatment of one number; null ends it.
   * @throws TypeError when the number is not E.164.
   */
  override(number: string, override: NumberOverride | null): void
  /** Makes all issued tokens invalid. */
  expireTokens(): void
  /** Called with each call once its answer is decided. Returns the unsubscriber. */
  onRequest(listener: RequestListener): () => void
  /** Closes server and connections; may be called again. */
  close(): Promise<void>
}

/**
 * Starts the vendors on 127.0.0.1.
 * @throws Error when NODE_ENV is production; the system's error when the port is taken; TypeError for an unknown switch.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('The simulator lets anyone be anyone and refuses to start with NODE_ENV=production')
  const behaviour = behaviourWith(options.behaviour)
  const server = createServer()
  const url = await listen(server, options.port ?? 0)
  const world = createWorld(url, behaviour, options)
  const routes = [
    ...oauthRoutes(world),
    ...phoneCheckRoutes(world),
    ...operatorRoutes(world),
    ...coverageRoutes(world),
    ...controlRoutes(world),
  ]
  server.on('request', (request, response) => {
    // What is left to fail is a caller who hung up.
    serve(world, routes, request, response).catch(() => response.destroy())
  })
  return face(world, server)
}

function createWorld(url: string, behaviour: Behaviour, options: SimulatorOptions): World {
  const clock = options.clock ?? systemClock
  return {
    url,
    clock,
    behaviour,
    sandbox: options.sandbox ?? false,
    clients: options.clients,
    problem: problemsOf(options.brand ?? 'tru.id'),
    phones: new Phones({ clock, origin: url }),
    tokens: new Tokens(clock, options.tokenTtlSeconds ?? 3600),
    rates: new Rates(clock, behaviour),
    checks: new Checks(clock, behaviour),
    overrides: new Map(),
    faults: new FaultList(),
    log: new RequestLog(clock),
  }
}

type Server = ReturnType<typeof createServer>

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`)
    })
  })
}

function face(world: World, server: Server): Simulator {
  let closing: Promise<void> | undefined
  return {
    url: world.url,
    behaviour: world.behaviour,
    requests: world.log.records,
    get checks() {
      return world.checks.all().map(view)
    },
    get browserPhone() {
      return world.phones.browserPhone
    },
    set browserPhone(phone) {
      world.phones.browserPhone = phone
    },
    phone: (number) => world.phones.get(number),
    check: (checkId) => {
      const check = world.checks.find(checkId)
      return check === undefined ? undefined : view(check)
    },
    count: (match) => world.log.count(match),
    fault: (fault) => world.faults.add(fault),
    clearFaults: () => world.faults.clear(),
    override: (number, override) => {
      const canonical = e164(number)
      if (canonical === undefined) throw new TypeError('override(number): the number must be E.164, like +12025550100')
      if (override === null) world.overrides.delete(canonical)
      else world.overrides.set(canonical, override)
    },
    expireTokens: () => world.tokens.expireAll(),
    onRequest: (listener) => world.log.subscribe(listener),
    close: () => {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closing
    },
  }
}

function view(check: Check): CheckView {
  const { id, status, phoneNumber, verdict, referenceId, redirectUrl, callbackUrl, phoneIp, opens, createdAt } = check
  return {
    checkId: id,
    status,
    phoneNumber,
    match: verdict !== undefined && 'match' in verdict ? verdict.match : null,
    errorCode: verdict !== undefined && 'errorCode' in verdict ? verdict.errorCode : null,
    referenceId,
    redirectUrl,
    callbackUrl,
    phoneIp,
    opens,
    createdAt,
  }
}
