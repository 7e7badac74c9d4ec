/**
 * The vendors, their operator and their customers' phones, on loopback.
 *
 * @module
 */
export type { Behaviour } from './behaviour.js'
export type { CallbackDraft, SignedCallback } from './callback-signature.js'
export type { CheckStatus, PhoneCheckErrorCode } from './checks.js'
export type { SimulatorClock } from './clock.js'
export type { Fault, FaultHandle } from './faults.js'
export type { CallbackProduct, CallbackRecord, MessageListener, MessageRecord, PhoneMessageRecord } from './messages.js'
export type { Sms } from './mo-checks.js'
export type { SimulatorClient } from './oauth.js'
export type { SimulatorOptions } from './options.js'
export type { IdenfyOverride, MoCheckOverride, NumberOverride } from './override.js'
export type {
  BrowseResult,
  InboxItem,
  OpenAnswer,
  OpenError,
  OpenResult,
  OutboxItem,
  SdkResult,
  SendResult,
  Sighting,
} from './phone-record.js'
export type { Brand } from './problem.js'
export type { RequestListener, RequestRecord } from './request-log.js'
export { type Simulator, startSimulator } from './simulator.js'
export type { CheckView, MoCheckView } from './views.js'
export type { Operator, VirtualPhone } from './virtual-phone.js'
