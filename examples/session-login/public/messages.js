// @ts-check
/** @import { Problem } from './api.js' */

/**
 * @typedef {{ title: string, text: string }} Message What happened, and what to do about it
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
}
/** @type {Message} */
const operatorTrouble = {
  title: 'Your operator did not answer',
  text: 'It could not confirm the number just now. Wait a moment and try again.',
}
/** @type {Message} */
const connectionLost = {
  title: 'The check could not be completed',
  text: 'The phone did not reach your operator. Check that it has mobile reception and try again.',
}
/** @type {Message} */
const expired = {
  title: 'That took too long',
  text: 'A check is good for two minutes, and this one has expired. Nothing was lost: sign in again.',
}
/** @type {Message} */
const tooMany = {
  title: 'Too many attempts',
  text: 'Signing in is paused for a while to protect this number. Try again later.',
}
/** @type {Message} */
const anyFault = {
  title: 'Something went wrong',
  text: 'This was not your fault, and you are not signed in. Try again.',
}

/**
 * Sentences for the problem codes. They are stable; the texts that come with them are for developers.
 *
 * @type {Record<string, Message>}
 */
const byCode = {
  invalid_phone_number: { title: 'Check the number', text: 'Enter a mobile number with its country code, such as +1 202 555 0100.' },
  number_type_not_allowed: { title: 'This is not a mobile number', text: 'Only a number with a SIM can sign in. Enter a mobile number.' },
  country_not_allowed: { title: 'Not available in this country yet', text: 'Numbers of this country cannot sign in here.' },
  mismatch: {
    title: 'This phone has a different number',
    text: 'The SIM in this phone does not have the number that you entered. Correct the number, or use the phone that has it.',
  },
  invalid_code: { title: 'The check did not match', text: 'The operator did not accept the answer of this phone. Sign in again.' },
  flow_invalid: {
    title: 'This sign-in is over',
    text: 'It was used already, has expired, or was begun in another browser. Sign in again.',
  },
  rung_unable: {
    title: 'Your number could not be confirmed',
    text: 'Silent sign-in did not work on this phone. Use its mobile data, and try again.',
  },
  ladder_exhausted: { title: 'Your number could not be confirmed', text: 'No way of signing in works for this phone.' },
  user_refused: { title: 'No access', text: 'Your number is confirmed, but it has no access here. Ask whoever invited you.' },
  in_progress: { title: 'Already on it', text: 'This sign-in is being finished in another tab. Have a look there.' },
  provider_unavailable: {
    title: 'The check is not available',
    text: 'Our partner does not answer. You are not signed in; try again in a minute.',
  },
  address_limit: tooMany,
  number_limit: tooMany,
  code_locked: tooMany,
  offline: { title: 'No connection', text: 'This page cannot reach the server. Check your connection and try again.' },
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
  ip_mismatch: { title: 'The connection changed', text: 'The phone changed networks during the check. Stay on mobile data and try again.' },
  ip_msisdn_mismatch: {
    title: 'This phone uses another operator',
    text: 'The number belongs to one operator and the connection to another. Use the mobile data of the SIM with that number.',
  },
  sdk_connection_error: connectionLost,
  sdk_redirect_error: connectionLost,
  sdk_error: connectionLost,
  expired,
}

/**
 * @param {Problem} problem
 * @returns {Message}
 */
export function messageFor({ code, reason }) {
  const known = reason !== undefined && Object.hasOwn(byReason, reason) ? byReason[reason] : undefined
  return known ?? (Object.hasOwn(byCode, code) ? byCode[code] : undefined) ?? anyFault
}
