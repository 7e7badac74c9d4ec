// @ts-check
/** @import { Problem } from './api.js' */

/**
 * @typedef {{ title: string, text: string, again?: boolean }} Message What happened, and what to do
 * about it. `again`: a button for that belongs beside it
 */

/** @type {Message} */
const unsupported = {
  title: 'Your operator cannot confirm numbers yet',
  text: 'Silent sign-in does not work with this mobile operator. Use a phone with a SIM of another operator.',
}
/** @type {Message} */
const noMobileData = {
  title: 'Mobile data is needed',
  text: 'Your operator recognises the SIM by its mobile connection, and this phone is on Wi-Fi only. Switch mobile data on and try again.',
  again: true,
}
/** @type {Message} */
const operatorTrouble = {
  title: 'Your operator did not answer',
  text: 'It could not confirm the number just now. Wait a moment and try again.',
  again: true,
}
/** @type {Message} */
const connectionLost = {
  title: 'The check could not be completed',
  text: 'The phone did not reach your operator. Check that it has mobile reception and try again.',
  again: true,
}
/** @type {Message} */
const expired = {
  title: 'That took too long',
  text: 'A check is good for two minutes, and this one has expired. Nothing was lost: try again.',
  again: true,
}
/** @type {Message} */
const partnerDown = {
  title: 'The check is not available',
  text: 'Our partner does not answer. You are not signed in; try again in a minute.',
  again: true,
}
/** @type {Message} */
const busyPartner = {
  title: 'Too many people are signing in',
  text: 'Our partner takes no more requests for the moment. You are not signed in; try again in a few minutes.',
}
/** @type {Message} */
const ourFault = {
  title: 'This way is out of order',
  text: 'It is our fault, and trying again will not help. Use another way, or tell us.',
}
/** @type {Message} */
const openMessage = {
  title: 'A message is on its way already',
  text: 'An earlier sign-in with this number has not ended yet. Use its message, or try again {later}.',
}
/** @type {Message} */
const noResult = {
  title: 'Nothing has arrived yet',
  text: 'There is no result so far. Wait a moment.',
}
/** @type {Message} */
const anyFault = {
  title: 'Something went wrong',
  text: 'This was not your fault, and you are not signed in. Try again.',
  again: true,
}

/**
 * Sentences for the problem codes. They are stable; the texts that come with them are for developers.
 *
 * @type {Record<string, Message>}
 */
const byCode = {
  invalid_phone_number: {
    title: 'Check the number',
    text: 'Enter a mobile number with its country code, such as +1 202 555 0100.',
  },
  number_type_not_allowed: {
    title: 'This is not a mobile number',
    text: 'Only a number with a SIM can sign in. Enter a mobile number.',
  },
  country_not_allowed: {
    title: 'Not available in this country yet',
    text: 'Numbers of this country cannot sign in here.',
  },
  mismatch: {
    title: 'This phone has a different number',
    text: 'The SIM in this phone does not have the number that you entered. Correct the number, or use the phone that has it.',
  },
  invalid_code: {
    title: 'The check did not match',
    text: 'The operator did not accept the answer of this phone. Try again.',
    again: true,
  },
  flow_invalid: {
    title: 'This sign-in is over',
    text: 'It was used already, has expired, or was begun in another browser. Try again.',
    again: true,
  },
  rung_unable: {
    title: 'Your number could not be confirmed',
    text: 'Silent sign-in did not work on this phone. Use its mobile data, and try again.',
    again: true,
  },
  ladder_exhausted: {
    title: 'Your number could not be confirmed',
    text: 'No other way of signing in works for this phone just now. Wait a few minutes, and sign in again.',
  },
  user_refused: {
    title: 'No access',
    text: 'Your number is confirmed, but it has no access here. Ask whoever invited you.',
  },
  in_progress: { title: 'Already on it', text: 'This sign-in is being finished in another tab. Have a look there.' },
  provider_unavailable: partnerDown,
  store_unavailable: {
    title: 'Signing in is not available',
    text: 'This is our fault, and it passes. You are not signed in; try again in a minute.',
    again: true,
  },
  pending: noResult,
  too_early: {
    title: 'Give it a moment',
    text: 'The present way still has a chance. You can take the next one {later}.',
  },
  cooldown: { title: 'The code is on its way', text: 'Texts can take a while. You can ask for another code {later}.' },
  number_limit: {
    title: 'Too many texts to this number',
    text: 'To protect it, no other one is sent for a while. Try again {later}.',
  },
  spending_limit: {
    title: 'No more sign-ins by this way today',
    text: 'Use one of the other ways, or try again {later}.',
  },
  address_limit: {
    title: 'Too many attempts from this network',
    text: 'Others may share your connection. Try again {later}, or over another network.',
  },
  code_locked: {
    title: 'Codes are locked for this number',
    text: 'Too many wrong ones were typed. Sign in with the SIM in your phone, or try again {later}.',
  },
  send_refused: {
    title: 'No code can be sent',
    text: 'Codes by text are not available for this sign-in. Use one of the other ways.',
  },
  delivery_unknown: {
    title: 'The code may not have been sent',
    text: 'We cannot tell whether it is on its way, so it cannot be used. Ask for another one {later}.',
  },
  cross_site: {
    title: 'Open the sign-in page again',
    text: 'This request seemed to come from another site, so it was turned away.',
  },
  offline: {
    title: 'No connection',
    text: 'This page cannot reach the server. Check your connection and try again.',
    again: true,
  },
}

/**
 * Why a check could not be done, where it is known: more helpful than the code alone.
 *
 * @type {Record<string, Message>}
 */
const byReason = {
  not_mobile_ip: noMobileData,
  sdk_no_data_connectivity: noMobileData,
  mno_not_supported: unsupported,
  mno_redirect_unsupported: unsupported,
  mno_no_data_available: unsupported,
  mno_timeout: operatorTrouble,
  mno_server_error: operatorTrouble,
  mno_response_error: operatorTrouble,
  mno_user_not_found: { title: 'Your operator does not know this number', text: 'Check the number and try again.' },
  ip_mismatch: {
    title: 'The connection changed',
    text: 'The phone changed networks during the check. Stay on mobile data and try again.',
    again: true,
  },
  ip_msisdn_mismatch: {
    title: 'This phone uses another operator',
    text: 'The number belongs to one operator and the connection to another. Use the mobile data of the SIM with that number.',
  },
  sdk_connection_error: connectionLost,
  sdk_redirect_error: connectionLost,
  sdk_error: connectionLost,
  declined: { title: 'Not confirmed', text: 'The confirmation on this phone was declined.' },
  consent_required: { title: 'Your operator wants to be asked first', text: 'It wants your consent for this way.' },
  blocked: { title: 'This way is closed for this number', text: 'Our partner refuses this number.' },
  provider_down: partnerDown,
  quota_exceeded: busyPartner,
  misconfigured: ourFault,
  busy: openMessage,
  limit_reached: {
    title: 'Too many attempts with this number',
    text: 'This way is closed for a while. Use another way, or wait.',
  },
  expired,
}

/**
 * Where the same code means something else.
 *
 * @type {Record<string, Message>}
 */
const ofResend = {
  send_refused: {
    title: 'The last code is still good',
    text: 'No other one can be sent while it is. Look for it among your texts; after two minutes your phone also rings and says it.',
  },
  delivery_unknown: {
    title: 'Another code may be on its way',
    text: 'We cannot tell. The code before it is still good; if you cannot find that one, ask again {later}.',
  },
}

/**
 * @param {Problem} problem
 * @param {'resend'} [during]
 * @returns {Message}
 */
export function messageFor({ code, reason, retry_after }, during) {
  const message = (during && lookUp(ofResend, code)) ?? lookUp(byReason, reason) ?? lookUp(byCode, code) ?? anyFault
  return { ...message, text: message.text.replace('{later}', later(retry_after)) }
}

/**
 * @param {Record<string, Message>} table
 * @param {string | undefined} name
 */
function lookUp(table, name) {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined
}

/** @param {number | undefined} seconds */
function later(seconds) {
  if (seconds === undefined) return 'later'
  if (seconds < 90) return `in ${Math.ceil(seconds)} seconds`
  if (seconds < 5400) return `in ${Math.ceil(seconds / 60)} minutes`
  return `in ${Math.ceil(seconds / 3600)} hours`
}

/**
 * Whether this login is over, so that only a new one can follow.
 *
 * @param {Problem} problem
 */
export function isOver({ code }) {
  return [
    'flow_invalid',
    'ladder_exhausted',
    'user_refused',
    'cross_site',
    'invalid_request',
    'invalid_phone_number',
  ].includes(code)
}

/**
 * Whether the same question may be answered the next time.
 *
 * @param {Problem} problem
 */
export function isPassing({ code }) {
  return ['pending', 'in_progress', 'offline', 'provider_unavailable', 'store_unavailable'].includes(code)
}

/**
 * Why the server has passed over a way, and that there is another one.
 *
 * @param {import('./api.js').Skipped} way
 * @returns {Message}
 */
export function skippedWay({ method, reason }) {
  const silent = 'Silent sign-in does not work here'
  const unknown = { title: silent, text: 'Your SIM cannot be confirmed over this connection.' }
  const why = lookUp(skipped, reason) ?? unknown
  const title = method === 'mocheck' ? 'Texting us does not work just now' : why.title
  return { ...why, title, text: `${why.text} You can sign in all the same:` }
}

/** @type {Record<string, Message>} */
const skipped = {
  not_mobile_ip: {
    title: 'Mobile data is needed',
    text: 'This phone is on Wi-Fi only. Switch mobile data on and try again, or stay on Wi-Fi.',
    again: true,
  },
  mno_not_supported: { title: 'Silent sign-in does not work here', text: 'Your operator takes no part in it yet.' },
  provider_down: { title: 'Silent sign-in does not work just now', text: 'Our partner does not answer.' },
  quota_exceeded: {
    title: 'Silent sign-in does not work just now',
    text: 'Our partner takes no more requests for the moment.',
  },
  misconfigured: { title: 'Silent sign-in does not work just now', text: 'It is out of order, which is our fault.' },
}

/** @type {Message} */
const noToken = {
  title: 'This phone cannot confirm its number by itself',
  text: 'Its system, or its operator, takes no part in that. You can sign in all the same:',
}

/**
 * Why the phone's system gave no token.
 *
 * @param {Problem} problem
 * @returns {Message}
 */
export function withoutToken(problem) {
  return ['mno_not_supported', 'reported', 'sdk_error'].includes(problem.reason ?? '') ? noToken : messageFor(problem)
}
