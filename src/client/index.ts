/**
 * The device's half: walks the ladder of `passport-phonecheck` from a page or a native app. Imports
 * nothing, needs no DOM, and touches nothing when it is imported.
 *
 * @module
 */
export { phoneLogin } from './login.js'
export type {
  Action,
  Call,
  Clock,
  Credentials,
  Failed,
  FetchLike,
  FetchResponse,
  OpenResult,
  PhoneLogin,
  PhoneLoginOptions,
  Problem,
  ProblemCode,
  Progress,
  Signal,
  SignalLike,
  Skipped,
  StorageLike,
  WaitingForCode,
  WaitingForSms,
} from './types.js'
