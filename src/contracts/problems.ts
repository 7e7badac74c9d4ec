/**
 * Every `code` an answer of this library can carry, with its HTTP status and the default text for a
 * person who debugs. Codes are API, texts are not.
 */
export const problems = {
  invalid_request: [400, 'The request is malformed.'],
  invalid_phone_number: [400, 'This is not a valid phone number in E.164 form, such as +12025550100.'],
  country_not_allowed: [400, 'Numbers of this country cannot log in here.'],
  number_type_not_allowed: [400, 'Only mobile numbers can log in here.'],
  flow_invalid: [401, 'This login is unknown, expired, used up, or was begun elsewhere. Start again.'],
  invalid_code: [401, 'The code is wrong.'],
  token_invalid: [401, 'The token is unknown, expired, used up, ended, or of another kind. Log in again.'],
  mismatch: [401, 'The SIM in this phone does not have this number.'],
  cross_site: [
    403,
    "Nothing proves that the request came from your own page: neither Sec-Fetch-Site nor Origin says so. List other origins in `origins`; apps and APIs start with `binding: 'handle'`; for plain http in development set `cookie: { secure: false }`.",
  ],
  send_refused: [403, 'No message may be sent to this number.'],
  user_refused: [403, 'The number is proven, but the application does not admit this user.'],
  step_up_required: [403, 'A stronger login is required.'],
  pending: [409, 'There is no result yet. Ask again.'],
  in_progress: [409, 'Another request is taking a step of this login.'],
  too_early: [409, 'This step cannot be taken yet.'],
  payload_too_large: [413, 'The request body is too large.'],
  unsupported_media_type: [415, 'The request body must be application/json.'],
  rung_unable: [422, 'This way of logging in does not work for this device.'],
  ladder_exhausted: [422, 'No way of logging in is left.'],
  cooldown: [429, 'Wait before asking for another message.'],
  number_limit: [429, 'Too many messages were sent to this number.'],
  address_limit: [429, 'Too many requests came from this address.'],
  spending_limit: [429, 'The application sends no more messages, or makes no more checks, today.'],
  code_locked: [429, 'Too many wrong codes were given for this number.'],
  provider_unavailable: [503, 'The verification service cannot be reached.'],
  store_unavailable: [503, 'The login store cannot be reached.'],
  delivery_unknown: [503, 'It is not known whether the message was sent.'],
} as const satisfies Record<string, readonly [status: number, text: string]>

export type PhoneCheckErrorCode = keyof typeof problems
