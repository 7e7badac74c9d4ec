import type { Behaviour } from './behaviour.js'
import type { PnvProject } from './firebase/pnv.js'
import type { Brand } from './idlayr/problem.js'
import type { CallbackProduct } from './phones/messages.js'
import type { SimulatorClock } from './state/clock.js'

export interface SimulatorOptions {
  /** TCP port; 0 takes a free one. Default 0. */
  readonly port?: number
  /** Address to listen on, such as `0.0.0.0` in a container. Any but loopback needs `expose`. Default `127.0.0.1`. */
  readonly host?: string
  /**
   * Whether `host` may be an address that others reach. Whoever reaches the simulator is whoever they say: for networks
   * that you trust. Default false.
   */
  readonly expose?: boolean
  /**
   * Origin by which phones and browsers elsewhere reach the simulator, such as `https://sim.example.com` of a tunnel:
   * the URLs that it hands out, and its issuer, begin with it. Give it to the providers as `baseUrl`. Default: `url`.
   */
  readonly publicUrl?: string
  /** Time for tokens, checks, delays and the phones' patience. Default: the system's. */
  readonly clock?: SimulatorClock
  /**
   * Whether every check follows the vendor's sandbox rule, whatever the phone: 99 at the end fails,
   * another odd digit does not match, an even one does. Default false: the SIM, data and operator
   * of the phone decide. A visitor who is no virtual phone is then the one whose number is checked.
   */
  readonly sandbox?: boolean
  /** Whose error documents problems point to. Default 'tru.id'. */
  readonly brand?: Brand
  /** Projects by client id. Default: any non-empty id and secret. */
  readonly clients?: Readonly<Record<string, SimulatorClient>>
  /** Seconds that a token lives. Default 3600. */
  readonly tokenTtlSeconds?: number
  /** iDenfy API secrets by API key. Default: any non-empty key and secret. */
  readonly idenfyKeys?: Readonly<Record<string, string>>
  /**
   * Applications at the CAMARA operator, by client id. Default: any id with any secret, any redirect
   * URI, and no `private_key_jwt`, which needs a key.
   */
  readonly camaraClients?: Readonly<Record<string, CamaraClient>>
  /**
   * Draws iDenfy's codes, four digits each: twice at every accepted send-sms, for the SMS and for
   * the second call; a third time when those two are the same. Default: random.
   */
  readonly codes?: () => string
  /** Vonage API secrets by API key. Default: any non-empty key and secret. */
  readonly vonageKeys?: Readonly<Record<string, string>>
  /** Vonage applications: their RSA public keys, PEM, by id. Default: any token of RS256 that is not expired. */
  readonly vonageApplications?: Readonly<Record<string, string>>
  /** Twilio's secrets: auth tokens by account SID, and secrets by API key SID. Default: any that are not empty. */
  readonly twilioAccounts?: Readonly<Record<string, string>>
  /** Draws the code of each new Twilio Verification, 4 to 10 digits. Default: random. */
  readonly twilioCodes?: () => string
  /** The Firebase project whose app the phones run. Default `{ number: '123456789012', id: 'demo-project' }`. */
  readonly pnvProject?: PnvProject
  readonly behaviour?: Partial<Behaviour>
}

/** A project at the simulated vendor. */
export interface SimulatorClient {
  readonly secret: string
  /** Scopes it may ask for. Default: all that the simulator knows. */
  readonly scopes?: readonly string[]
  /** The project's own redirect URL, used by checks that name none. */
  readonly redirectUrl?: string
  /** The project's own callback URLs, used by checks that name none. */
  readonly callbackUrls?: Readonly<Partial<Record<CallbackProduct, string>>>
}

/** An application at the simulated CAMARA operator. */
export interface CamaraClient {
  readonly secret?: string
  /** Public keys as PEM, by `kid`. */
  readonly keys?: Readonly<Record<string, string>>
  /** Where devices may be sent back to; any other strands the user on the operator's page. Default: anywhere. */
  readonly redirectUris?: readonly string[]
}
