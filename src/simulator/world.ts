import type { Agenda } from './agenda.js'
import type { Behaviour } from './behaviour.js'
import type { CallbackKeys } from './callback-keys.js'
import type { Callbacks } from './callbacks.js'
import type { Checks } from './checks.js'
import type { SimulatorClock } from './clock.js'
import type { FaultList } from './faults.js'
import type { Listeners } from './listeners.js'
import type { MessageRecord } from './messages.js'
import type { MoChecks, Sms } from './mo-checks.js'
import type { SimulatorClient } from './oauth.js'
import type { NumberOverride } from './override.js'
import type { Phones } from './phones.js'
import type { Problem } from './problem.js'
import type { Rates } from './rates.js'
import type { RequestLog } from './request-log.js'
import type { Tokens } from './tokens.js'
import type { Verifications } from './verifications.js'

/** Everything the routes share. */
export interface World {
  /** Origin of the simulator, without a trailing slash. */
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
  readonly agenda: Agenda
  readonly keys: CallbackKeys
  readonly callbacks: Callbacks
  readonly messages: Listeners<MessageRecord>
  /** Takes an SMS to the vendor; whether it is for one. */
  readonly carry: (sms: Sms) => boolean
  readonly overrides: Map<string, NumberOverride>
  readonly faults: FaultList
  readonly log: RequestLog
}
