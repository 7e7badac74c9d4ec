export type { Clock, Deadline } from './contracts/clock.js'
export type {
  Emit,
  FlowFacts,
  OnEvent,
  PhoneCheckEvent,
  TokenEvent,
  TokenRefusal,
  ToldEvent,
} from './contracts/events.js'
export type { Finding } from './contracts/finding.js'
export type { Assurance, PhoneIdentity } from './contracts/identity.js'
export type { LimitOptions } from './contracts/limits.js'
export type { PhoneCheckErrorCode } from './contracts/problems.js'
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
} from './contracts/provider.js'
export type { CountResult, Hit, Store, StoredRecord } from './contracts/store.js'
export type { TraceContext } from './contracts/telemetry.js'
export type { UnableReason } from './contracts/unable-reason.js'
export { clientDirectory } from './express/client-directory.js'
export type { BeforeSend } from './express/context.js'
export { type JwksOptions, jwks } from './express/handlers/jwks.js'
export type { StartOptions } from './express/handlers/start.js'
export { type IssueOptions, issueJwt, logoutJwt, refreshJwt, revokeUser } from './express/handlers/tokens.js'
export type { ErrorHandler, Handler, HttpRequest, HttpResponse, Next } from './express/http-types.js'
export { phoneCheckErrors } from './express/problem-json.js'
export { type KeptProof, type RequireAssuranceOptions, requireAssurance } from './express/require-assurance.js'
export type { BindingMode, FlowState } from './flow/record.js'
export { PhoneCheckError, type ProblemDetails } from './lib/errors.js'
export { maskPhoneNumber, type NumberPolicy, type PhoneNumber, parsePhoneNumber } from './lib/phone-number.js'
export type { FlowInfo } from './login/admin.js'
export type { GuessBound, LoginDescription, RungDescription } from './login/describe.js'
export type { ReviewNumber } from './login/review-provider.js'
export type { Readiness } from './login/types.js'
export { BearerStrategy, type BearerVerifyCallback } from './passport/bearer.js'
export type { FlowStrategy } from './passport/flow-strategy.js'
export type { PhoneCheckStrategyOptions, PhoneCheckStrategyOptionsWithRequest } from './passport/options.js'
export { PhoneCheckStrategy, PhoneCheckStrategy as Strategy, type PurposeOptions } from './passport/strategy.js'
export type { Done, StepUpWanted, Verdict, VerifyCallback, VerifyCallbackWithRequest } from './passport/verify.js'
export type { CamaraAlgorithm, CamaraClientAuth } from './providers/camara/client-auth.js'
export { camaraNumberVerification } from './providers/camara/number-verification.js'
export { type OperatorTokenOptions, operatorToken } from './providers/camara/operator-token.js'
export type {
  CamaraNumberVerificationOptions,
  CamaraOptions,
  CamaraOtpSmsOptions,
} from './providers/camara/options.js'
export { camaraOtpSms } from './providers/camara/otp-sms.js'
export { camaraPresets } from './providers/camara/presets.js'
export { type FirebasePnvOptions, firebasePnv } from './providers/firebase/pnv.js'
export type { FetchLike } from './providers/http/fetch.js'
export { type IdenfyOptions, idenfySms } from './providers/idenfy/sms.js'
export { type MoCheckOptions, moCheck } from './providers/idlayr/mocheck.js'
export type { IdlayrOptions } from './providers/idlayr/options.js'
export { type PhoneCheckOptions, phoneCheck } from './providers/idlayr/phonecheck.js'
export type { MessageText, TextByLanguage, TextInput } from './providers/own/message-text.js'
export { type MessageChannel, type OwnMessage, type OwnSmsOptions, ownSms } from './providers/own/sms.js'
export {
  type ServiceStart,
  type ServiceStarted,
  type ServiceUnable,
  type ServiceVerdict,
  type VerifyServiceOptions,
  verifyService,
} from './providers/own/verify-service.js'
export type { TwilioAccount } from './providers/twilio/api.js'
export { type TwilioSnaOptions, twilioSna } from './providers/twilio/sna.js'
export { type TwilioVerifyOptions, twilioVerify } from './providers/twilio/verify.js'
export type { VonageOptions } from './providers/vonage/options.js'
export { vonageVerify } from './providers/vonage/verify.js'
export { MemoryStore, type MemoryStoreOptions } from './stores/memory.js'
export type { AccessTokenClaims, CustomClaims } from './tokens/claims.js'
export type { JwtKey, JwtKeyPair, JwtSharedKey } from './tokens/keys.js'
export type { BearerSettings, JwtSettings } from './tokens/settings.js'
