/**
 * The vendors, their operator and their customers' phones, on loopback.
 *
 * @module
 */
export type { Behaviour } from './behaviour.js'
export type { CheckStatus, PhoneCheckErrorCode } from './checks.js'
export type { SimulatorClock } from './clock.js'
export type { Fault, FaultHandle } from './faults.js'
export type { SimulatorClient } from './oauth.js'
export type { NumberOverride } from './override.js'
export type { Brand } from './problem.js'
export type { RequestListener, RequestRecord } from './request-log.js'
export { type CheckView, type Simulator, type SimulatorOptions, startSimulator } from './simulator.js'
export type {
  BrowseResult,
  InboxItem,
  OpenAnswer,
  OpenError,
  OpenResult,
  Operator,
  Sighting,
  VirtualPhone,
} from './virtual-phone.js'
