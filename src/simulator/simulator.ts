import { createServer, type Server } from 'node:http'
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
import type { Simulator } from './running-simulator.js'
import { serve } from './server/server.js'
import { createState } from './state/create-state.js'
import { snaRoutes } from './twilio/sna.js'
import { twilioRoutes } from './twilio/verify.js'
import { silentAuthRoutes } from './vonage/silent-auth.js'
import { vonageRoutes } from './vonage/verify.js'

/**
 * Starts the vendors on 127.0.0.1.
 * @throws Error when NODE_ENV is production; the system's error when the port is taken; TypeError
 * for an unknown switch.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('The simulator lets anyone be anyone and refuses to start with NODE_ENV=production')
  const behaviour = behaviourWith(options.behaviour)
  // A machine or a debugger that stops the app for a while must not cost it its connections.
  const server = createServer({ keepAliveTimeout: 0 })
  const url = await listen(server, options.port ?? 0)
  const state = createState(url, behaviour, options)
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
  return createSimulator(state, server)
}

function listen(server: Server, port: number): Promise<string> {
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
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail)
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`)
    })
  })
}
