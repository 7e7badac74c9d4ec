export type { Clock, Deadline } from './core/clock.js'
export { PhoneCheckError, type PhoneCheckErrorCode, type ProblemDetails } from './core/errors.js'
export type { FlowFacts, OnEvent, PhoneCheckEvent } from './core/events.js'
export type { BindingMode } from './core/flow.js'
export type { Assurance, PhoneIdentity } from './core/identity.js'
export type { LimitOptions } from './core/limits.js'
export type { Readiness } from './core/login-requests.js'
export { maskPhoneNumber } from './core/phone-number.js'
export type { ReviewNumber } from './core/review.js'
export type { AccessTokenClaims, CustomClaims } from './core/token-claims.js'
export type { TokenEvent, TokenRefusal } from './core/token-events.js'
export type { JwtKey, JwtKeyPair, JwtSharedKey } from './core/token-keys.js'
export type { UnableReason } from './core/unable-reason.js'
export type { BeforeSend } from './express/front.js'
export type { ErrorHandler, Handler, HttpRequest, HttpResponse, Next } from './express/http-types.js'
export { type IssueOptions, issueJwt, logoutJwt, refreshJwt, revokeUser } from './express/jwt-handlers.js'
export type { BearerSettings, JwtSettings } from './express/jwt-settings.js'
export { phoneCheckErrors } from './express/problem.js'
export { type KeptProof, type RequireAssuranceOptions, requireAssurance } from './express/require-assurance.js'
export type { StartOptions } from './express/start.js'
export { BearerStrategy, type BearerVerifyCallback } from './passport/bearer.js'
export type { FlowStrategy } from './passport/flow-strategy.js'
export type { PhoneCheckStrategyOptions, PhoneCheckStrategyOptionsWithRequest } from './passport/options.js'
export { PhoneCheckStrategy, PhoneCheckStrategy as Strategy, type PurposeOptions } from './passport/strategy.js'
export type { Done, Verdict, VerifyCallback, VerifyCallbackWithRequest } from './passport/verify.js'
export type { FetchLike } from './providers/fetch-transport.js'
export { type IdenfyOptions, idenfySms } from './providers/idenfy.js'
export type { IdlayrOptions } from './providers/idlayr-options.js'
export { type MoCheckOptions, moCheck } from './providers/mocheck.js'
export { type PhoneCheckOptions, phoneCheck } from './providers/phonecheck.js'
export type {
  CallContext,
  Challenge,
  Check,
  Delivery,
  Outcome,
  Provider,
  Started,
  StartInput,
  Unable,
  WebhookRequest,
} from './providers/provider.js'
export { MemoryStore, type MemoryStoreOptions } from './stores/memory.js'
export type { Hit, Store, StoredRecord, Verdict as CountVerdict } from './stores/store.js'
