import type { Behaviour } from './behaviour.js'
import type { Checks } from './checks.js'
import type { SimulatorClock } from './clock.js'
import type { FaultList } from './faults.js'
import type { SimulatorClient } from './oauth.js'
import type { NumberOverride } from './override.js'
import type { Phones } from './phones.js'
import type { Problem } from './problem.js'
import type { Rates } from './rates.js'
import type { RequestLog } from './request-log.js'
import type { Tokens } from './tokens.js'

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
  readonly overrides: Map<string, NumberOverride>
  readonly faults: FaultList
  readonly log: RequestLog
}
