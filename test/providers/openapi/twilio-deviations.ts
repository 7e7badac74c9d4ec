import type { JsonObject, SpecMistake } from './json.js'

const verification = '#/components/schemas/verify.v2.service.verification/properties'
const anything = (node: JsonObject) => Object.fromEntries(Object.entries(node).filter(([name]) => name !== 'nullable'))

/** What Twilio's document says by mistake. */
export const twilioMistakes: readonly SpecMistake[] = ['lookup', 'sna'].map((name) => ({
  at: `${verification}/${name}`,
  reason: 'It may be null, but has no type that could be: without a word about either it is anything.',
  mend: anything,
}))

const errorList =
  "Twilio's document shows the 429 of create and no other refusal. The list of error codes has their statuses, all with one form of body."

/** Deviation to reason. Whatever is not here fails, and so does an entry that no longer happens. */
export const allowedTwilioDeviations: Readonly<Record<string, string>> = {
  'CreateVerification 400: status is not documented': errorList,
  'CreateVerification 401: status is not documented': errorList,
  'CreateVerification 403: status is not documented': errorList,
  'CreateVerification 404: status is not documented': errorList,
  'CreateVerificationCheck 401: status is not documented': errorList,
  'CreateVerificationCheck 404: status is not documented': errorList,
  'CreateVerificationCheck 429: status is not documented': errorList,
  'FetchVerification 404: status is not documented': errorList,
  'UpdateVerification 404: status is not documented': errorList,
  'CreateVerification 429: header Retry-After':
    'Of the account’s limits only: how long a number’s own limit lasts, Twilio does not say.',
}
