import { json, type Reply } from '../server/reply.js'

/** Codes of Twilio's error list, with the status that it gives for each and a text of ours. */
const kinds = {
  20003: [401, 'Authenticate'],
  20004: [405, 'Method not allowed'],
  20404: [404, 'The requested resource was not found'],
  20429: [429, 'Too many requests'],
  60007: [400, 'SNA client token is missing or wrong'],
  60200: [400, 'Invalid parameter'],
  60202: [429, 'Max check attempts reached'],
  60203: [429, 'Max send attempts reached'],
  60204: [403, 'Service does not support this feature'],
  60205: [403, 'SMS is not supported by landline phone number'],
  60207: [403, 'Service does not allow this parameter'],
  60212: [429, 'Too many concurrent requests for phone number'],
  60220: [403, 'Messages to this country need a vetted sender'],
  60223: [403, 'Delivery channel disabled'],
  60226: [403, 'Messages to this country need a vetted template'],
  60238: [403, 'Verification creation attempt blocked by Twilio'],
  60329: [403, 'Service is enabled for payments'],
  60410: [403, 'Verification delivery attempt blocked (fraud)'],
  60412: [403, 'Verification delivery attempt blocked (network)'],
  60605: [403, 'Verification delivery attempt blocked (country)'],
  60626: [429, 'Phone number rate limit exceeded'],
  60728: [429, 'Too many requests for this phone number'],
} as const satisfies Record<number, readonly [status: number, message: string]>

/** A code of Twilio's error list that the simulator knows. */
export type TwilioErrorCode = keyof typeof kinds

/** Twilio's error document of that code; a message of ours may say more. */
export function twilioError(code: TwilioErrorCode, message?: string, headers: Record<string, string> = {}): Reply {
  const [status, text] = kinds[code]
  return envelope(status, code, message ?? text, status === 401 ? { 'WWW-Authenticate': 'Basic', ...headers } : headers)
}

/** What the list has no code for: a body over the simulator's limit. */
export function twilioTooLarge(): Reply {
  return envelope(413, 20001, 'The request body is too large')
}

function envelope(status: number, code: number, message: string, headers: Record<string, string> = {}): Reply {
  return json(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, headers)
}
