/**
 * The vendors, their operator and their customers' phones, on loopback.
 *
 * @module
 */
export type { Behaviour } from './behaviour.js'
export type { PnvDraft, PnvProject } from './firebase/pnv.js'
export type { CallbackDraft, SignedCallback } from './idlayr/callback-signature.js'
export type { CheckStatus, PhoneCheckErrorCode } from './idlayr/checks.js'
export type { Brand } from './idlayr/problem.js'
export type { CamaraClient, SimulatorClient, SimulatorOptions } from './options.js'
export type {
  CallbackProduct,
  CallbackRecord,
  MessageListener,
  MessageRecord,
  PhoneMessageRecord,
  Sms,
} from './phones/messages.js'
export type {
  Activity,
  BrowseResult,
  InboxItem,
  OpenAnswer,
  OpenError,
  OpenResult,
  OutboxItem,
  SdkResult,
  SendResult,
} from './phones/phone-record.js'
export { TokenError } from './phones/token-error.js'
export type { Operator, VirtualPhone } from './phones/virtual-phone.js'
export type { Simulator } from './running-simulator.js'
export type { Fault, FaultHandle } from './server/faults.js'
export type { RequestListener, RequestRecord } from './server/request-log.js'
export { startSimulator } from './simulator.js'
export type { SimulatorClock } from './state/clock.js'
export type { TokenRequest } from './state/device-tokens.js'
export type {
  CamaraOverride,
  IdenfyOverride,
  MoCheckOverride,
  NumberOverride,
  TwilioOverride,
} from './state/override.js'
export type { CheckView, MoCheckView } from './state/views.js'
export type { TwilioErrorCode } from './twilio/error.js'
