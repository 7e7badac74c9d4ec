import { createServer, type Server } from 'node:http'
import { isIP, isIPv6 } from 'node:net'
import { behaviourWith } from './behaviour.js'
import { camaraApiRoutes } from './camara/api.js'
import { camaraAuthorizeRoutes } from './camara/authorize.js'
import { credentialRoutes } from './camara/credentials.js'
import { camaraTokenRoutes } from './camara/token.js'
import { controlRoutes } from './control/control.js'
import { messageControlRoutes } from './control/messages.js'
import { createSimulator } from './create-simulator.js'
import { pnvRoutes } from './firebase/jwks.js'
import { idenfyRoutes } from './idenfy/sms.js'
import { coverageRoutes } from './idlayr/coverage.js'
import { jwksRoutes } from './idlayr/jwks.js'
import { moCheckRoutes } from './idlayr/mo-check.js'
import { oauthRoutes } from './idlayr/oauth.js'
import { operatorRoutes } from './idlayr/operator.js'
import { phoneCheckRoutes } from './idlayr/phone-check.js'
import type { SimulatorOptions } from './options.js'
import { isLoopback } from './phones/loopback.js'
import type { Simulator } from './running-simulator.js'
import { serve } from './server/server.js'
import { createState } from './state/create-state.js'
import { snaRoutes } from './twilio/sna.js'
import { twilioRoutes } from './twilio/verify.js'
import { silentAuthRoutes } from './vonage/silent-auth.js'
import { vonageRoutes } from './vonage/verify.js'

/**
 * Starts the vendors on 127.0.0.1, or where `host` says.
 * @throws Error when NODE_ENV is production; the system's error when the port is taken or the host is not this
 * machine's; TypeError for an unknown switch, a host that is not loopback without `expose`, or a `publicUrl` that is no
 * origin
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('The simulator lets anyone be anyone and refuses to start with NODE_ENV=production')
  const behaviour = behaviourWith(options.behaviour)
  // A machine or a debugger that stops the app for a while must not cost it its connections.
  const server = createServer({ keepAliveTimeout: 0 })
  const { host = '127.0.0.1', port = 0, expose = false } = options
  demandLoopback(host, expose)
  const publicUrl = options.publicUrl === undefined ? undefined : originOf(options.publicUrl)
  const url = await listen(server, host, port)
  const state = createState(url, publicUrl ?? url, behaviour, options)
  const routes = [
    ...oauthRoutes(state),
    ...phoneCheckRoutes(state),
    ...operatorRoutes(state),
    ...moCheckRoutes(state),
    ...jwksRoutes(state),
    ...coverageRoutes(state),
    ...idenfyRoutes(state),
    ...vonageRoutes(state),
    ...silentAuthRoutes(state),
    ...twilioRoutes(state),
    ...snaRoutes(state),
    ...camaraAuthorizeRoutes(state),
    ...camaraTokenRoutes(state),
    ...camaraApiRoutes(state),
    ...credentialRoutes(state),
    ...pnvRoutes(state),
    ...controlRoutes(state),
    ...messageControlRoutes(state),
  ]
  server.on('request', (request, response) => {
    // What is left to fail is a caller who hung up.
    serve(state, routes, request, response).catch(() => response.destroy())
  })
  return createSimulator(url, state, server)
}

/** As the host of a URL is written. */
function inUrl(host: string): string {
  return isIPv6(host) ? `[${host}]` : host
}

function demandLoopback(host: string, expose: boolean): void {
  const url = `http://${inUrl(host)}`
  if ((isIP(host) === 0 && !/^[\w.-]+$/.test(host)) || !URL.canParse(url))
    throw new TypeError(`host must be an address such as 127.0.0.1, not '${host}'`)
  if (expose || isLoopback(new URL(url))) return
  throw new TypeError(
    `The simulator lets anyone be anyone, and others may reach host ${host}: add expose (--expose) where all of them are trusted`,
  )
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw new TypeError(`publicUrl must be an origin such as https://sim.example.com, not '${text}'`)
  return url.origin
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const { code } = error
      reject(
        code === 'EADDRINUSE'
          ? Object.assign(new Error(`The simulator's port ${port} is in use; 0 takes a free one.`), { code })
          : error,
      )
    }
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      const address = server.address()
      // Who listens on all addresses is on loopback too.
      const own = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : inUrl(host)
      resolve(`http://${own}:${typeof address === 'object' && address !== null ? address.port : port}`)
    })
  })
}
