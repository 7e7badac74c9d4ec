import type { Behaviour } from '../behaviour.js'
import type { CamaraGrants } from '../camara/grants.js'
import type { OperatorTokens } from '../camara/operator-tokens.js'
import type { Otps } from '../camara/otps.js'
import type { PnvIssuer } from '../firebase/pnv.js'
import type { Verifications } from '../idenfy/verifications.js'
import type { CallbackKeys } from '../idlayr/callback-keys.js'
import type { Callbacks } from '../idlayr/callbacks.js'
import type { Checks } from '../idlayr/checks.js'
import type { MoChecks } from '../idlayr/mo-checks.js'
import type { Problem } from '../idlayr/problem.js'
import type { Tokens } from '../idlayr/tokens.js'
import type { CamaraClient, SimulatorClient } from '../options.js'
import type { MessageRecord, Sms } from '../phones/messages.js'
import type { Phones } from '../phones/phones.js'
import type { FaultList } from '../server/faults.js'
import type { Listeners } from '../server/listeners.js'
import type { Rates } from '../server/rates.js'
import type { RequestLog } from '../server/request-log.js'
import type { SnaAttempts } from '../twilio/sna-attempts.js'
import type { TwilioVerifications } from '../twilio/verifications.js'
import type { VonageRequests } from '../vonage/requests.js'
import type { SimulatorClock } from './clock.js'
import type { NumberOverride } from './override.js'
import type { Scheduler } from './scheduler.js'

/** Everything the routes share. */
export interface SimulatorState {
  /** Origin of the URLs that are handed out, without a trailing slash. */
  readonly url: string
  readonly clock: SimulatorClock
  readonly behaviour: Behaviour
  readonly sandbox: boolean
  readonly clients: Readonly<Record<string, SimulatorClient>> | undefined
  readonly problem: Problem
  readonly phones: Phones
  readonly tokens: Tokens
  readonly rates: Rates
  readonly checks: Checks
  readonly moChecks: MoChecks
  readonly idenfyKeys: Readonly<Record<string, string>> | undefined
  readonly idenfyRates: Rates
  readonly verifications: Verifications
  readonly vonageKeys: Readonly<Record<string, string>> | undefined
  readonly vonageApplications: Readonly<Record<string, string>> | undefined
  readonly vonageRequests: VonageRequests
  readonly twilio: {
    readonly accounts: Readonly<Record<string, string>> | undefined
    readonly sna: SnaAttempts
    readonly rates: Rates
    readonly verifications: TwilioVerifications
  }
  readonly camara: CamaraGrants
  readonly camaraClients: Readonly<Record<string, CamaraClient>> | undefined
  readonly camaraOtps: Otps
  readonly pnv: PnvIssuer
  readonly operatorTokens: OperatorTokens
  readonly scheduler: Scheduler
  readonly keys: CallbackKeys
  readonly callbacks: Callbacks
  readonly messages: Listeners<MessageRecord>
  /** Takes an SMS to the vendor; whether it is for one. */
  readonly deliverSms: (sms: Sms) => boolean
  readonly overrides: Map<string, NumberOverride>
  readonly faults: FaultList
  readonly log: RequestLog
}
