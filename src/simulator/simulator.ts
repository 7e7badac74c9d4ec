import { createServer, type Server } from 'node:http'
import { type Behaviour, behaviourWith } from './behaviour.js'
import { controlRoutes } from './control/control.js'
import { messageControlRoutes } from './control/messages.js'
import { createSimulator } from './create-simulator.js'
import { idenfyRoutes } from './idenfy/sms.js'
import type { CallbackDraft, SignedCallback } from './idlayr/callback-signature.js'
import { coverageRoutes } from './idlayr/coverage.js'
import { jwksRoutes } from './idlayr/jwks.js'
import { moCheckRoutes } from './idlayr/mo-check.js'
import type { Sms } from './idlayr/mo-checks.js'
import { oauthRoutes } from './idlayr/oauth.js'
import { operatorRoutes } from './idlayr/operator.js'
import { phoneCheckRoutes } from './idlayr/phone-check.js'
import type { SimulatorOptions } from './options.js'
import type { CallbackRecord, MessageListener } from './phones/messages.js'
import type { VirtualPhone } from './phones/virtual-phone.js'
import type { Fault, FaultHandle } from './server/faults.js'
import type { RequestListener, RequestRecord } from './server/request-log.js'
import { serve } from './server/server.js'
import { createState } from './state/create-state.js'
import type { NumberOverride } from './state/override.js'
import type { CheckView, MoCheckView } from './state/views.js'

export interface Simulator {
  /** Origin, without a trailing slash: the base URL of every provider. */
  readonly url: string
  /** May be changed at any time. */
  readonly behaviour: Behaviour
  /** Every call to a vendor, oldest first, at most the last 100,000; calls to /_simulator are not among them. */
  readonly requests: readonly RequestRecord[]
  readonly checks: readonly CheckView[]
  readonly moChecks: readonly MoCheckView[]
  /** Every attempt at a callback, oldest first, at most the last 100,000. */
  readonly callbacks: readonly CallbackRecord[]
  /** The phone that a real browser without a phone's header is running on. Default null: the phone of the number that its check is for. */
  browserPhone: VirtualPhone | null
  /**
   * The phone of that number, made on first use.
   * @throws TypeError when the number is not E.164 with a plus.
   */
  phone(number: string): VirtualPhone
  /** The check of that id. */
  check(checkId: string): CheckView | undefined
  /** Delivers an SMS that claims to come from `from`, as a spoofer can send it. Resolves once the receiver has dealt with it. */
  deliverSms(sms: Sms): Promise<'delivered' | 'dropped'>
  /** Signs callbacks with a new key from now on. The JWKS keeps the one before unless `keepPrevious` is false. */
  rotateCallbackKey(options?: { readonly keepPrevious?: boolean }): void
  /** Signs a callback as the vendor would, or with one thing wrong, without sending it. */
  signCallback(draft: CallbackDraft): Promise<SignedCallback>
  /** Resolves when no callback is in flight. Retries that are not due yet are not waited for; one that hangs is, for 5 s of the clock. */
  settled(): Promise<void>
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
  /** Called with each SMS, call and callback attempt once its fate is decided. Returns the unsubscriber. */
  onMessage(listener: MessageListener): () => void
  /** Closes server and connections and gives up the callbacks that are left; may be called again. */
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
  // A machine or a debugger that stops the app for a while must not cost it its connections.
  const server = createServer({ keepAliveTimeout: 0 })
  const url = await listen(server, options.port ?? 0)
  const world = createState(url, behaviour, options)
  const routes = [
    ...oauthRoutes(world),
    ...phoneCheckRoutes(world),
    ...operatorRoutes(world),
    ...moCheckRoutes(world),
    ...jwksRoutes(world),
    ...coverageRoutes(world),
    ...idenfyRoutes(world),
    ...controlRoutes(world),
    ...messageControlRoutes(world),
  ]
  server.on('request', (request, response) => {
    // What is left to fail is a caller who hung up.
    serve(world, routes, request, response).catch(() => response.destroy())
  })
  return createSimulator(world, server)
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const { code } = error
      reject(
        code === 'EADDRINUSE' ? Object.assign(new Error(`The simulator's port ${port} is in use; 0 takes a free one.`), { code }) : error,
      )
    }
    server.once('error', fail)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail)
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`)
    })
  })
}
