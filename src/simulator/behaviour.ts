/**
 * What the vendor's documents leave open, one switch each. A library has to survive every value, so
 * tests turn them one by one; the defaults are the likeliest readings. `sim.behaviour` may be
 * changed while the simulator runs.
 */
export interface Behaviour {
  /** Seconds from create until an unfinished check is EXPIRED; covers the exchange too. Read at create. Default 120. */
  ttlSeconds: number
  /**
   * How 400, 409, 412 and 501 of the check URL arrive: as a problem response, or as `error` (JSON,
   * or on the redirect URL). Default 'problem'.
   */
  firstHopErrors: 'problem' | 'redirect'
  /**
   * Where an operator's failure shows: as `error` at the end of the chain, or as a code whose
   * exchange answers 200 with status ERROR. Default 'redirect'.
   */
  errorDelivery: 'redirect' | 'exchange'
  /**
   * A check URL that is opened again before the exchange: starts over and kills the earlier code,
   * or is 404. Default 'restart'.
   */
  checkUrlReuse: 'restart' | 'refuse'
  /**
   * Operator hops between the check URL and the answer, the answering one included; 1 to 20.
   * Cookies need at least 2. Default 2.
   */
  operatorHops: number
  /** Milliseconds that the operator 'slow' takes on its first hop. Default 4000. */
  slowOperatorMs: number
  /** PATCH before the device has finished the chain. Default 404. */
  notVisited: 404 | 400
  /** PATCH with a code that is not this check's. Default 404. */
  wrongCode: 404 | 400
  /** PATCH with a code that was exchanged already; 200 repeats the first answer. Default 404. */
  reusedCode: 404 | 400 | 200
  /** PATCH after the TTL; 200 answers status EXPIRED without a match. Default 404. */
  expiredCheck: 404 | 400 | 200
  /** Bearer calls per client and clock hour before 429. Default 1,000,000. */
  rateLimitPerHour: number
  /**
   * Digest of a callback's body: base64 of the hash, the hash in lower-case hex, or base64 of that
   * hex. Default 'base64'.
   */
  digestEncoding: 'base64' | 'hex' | 'base64-of-hex'
  /**
   * Where callbacks may go; one that may not is logged with `error` and not repeated. Default
   * 'loopback', so that tests stay offline.
   */
  callbackHosts: 'loopback' | 'any'
  /** Seconds from create until a MOCheck without its SMS is EXPIRED. Read at create. Default 300. */
  moTtlSeconds: number
  /** Whether a MOCheck shows its `ttl`. Default true. */
  moTtlField: boolean
  /** Whether a MOCheck shows its `status` after create, in callbacks too. Default true. */
  moStatusField: boolean
  /** `mo_receiver`: a number with its plus, without, or a short code. Read at create. Default 'plus'. */
  moReceiver: 'plus' | 'bare' | 'short'
  /**
   * `mo_body`: six digits, or a sentence around them whose characters an sms: link must encode.
   * Read at create. Default 'otp'.
   */
  moBody: 'otp' | 'sentence'
  /** `verified` of a MOCheck that is not COMPLETED. Default 'absent'. */
  moUnverified: 'absent' | 'false'
  /**
   * The right body from another number: ends the check as COMPLETED with `verified` false, or
   * changes nothing. Default 'complete'.
   */
  moWrongSender: 'complete' | 'ignore'
  /**
   * Another body from the right number: changes nothing, or ends its newest check as COMPLETED with
   * `verified` false. Default 'ignore'.
   */
  moWrongBody: 'ignore' | 'complete'
  /**
   * Missing or wrong iDenfy credentials: 401 UNAUTHORIZED, 401 without an identifier, or 400
   * UNAUTHORIZED. Default 'identifier'.
   */
  idenfyUnauthorized: 'identifier' | 'bare' | 'bad_request'
  /** verify-sms of a request that is unknown or over: 200 with `is_verified` false, or 400 BAD_VALUE. Default 200. */
  idenfyUnknownRequest: 200 | 400
  /**
   * send-sms to a number whose last request is open: 400 VALIDATION_ERROR, or accepted, which ends
   * the other. Default 'refuse'.
   */
  idenfySecondSend: 'refuse' | 'accept'
  /** Wrong codes that end an iDenfy request. Default 3. */
  idenfyMaxWrongTries: number
  /**
   * Whether calls follow an SMS that was not confirmed; without them a request lives 300 s. Read at
   * send. Default true.
   */
  idenfyCalls: boolean
  /** Calls per iDenfy API key and clock hour before 429. Default 10,000, as documented. */
  idenfyRateLimitPerHour: number
  /** A code for a Vonage request that wrong codes have ended. Default 410. */
  vonageSpentCode: 410 | 404
  /** Whether Vonage names the request beside an `error_description` behind the `#`. Default false. */
  vonageErrorId: boolean
  /** Digits of Twilio's codes, as the service is set. Read at create. Default 6. */
  twilioCodeLength: number
  /** Seconds that a number keeps its Twilio Verification. Default 600. */
  twilioTtlSeconds: number
  /** Twilio's sixth check of one Verification: 429 with 60202, or 404. Default 429. */
  twilioSpent: 429 | 404
  /** Where the text that Twilio's silent URL ends in has the client token: as a field, as the whole text, or nowhere. Default 'field'. */
  twilioSnaToken: 'field' | 'bare' | 'absent'
  /** Calls per Twilio account or API key and clock hour before 429. Default 1,000,000. */
  twilioRateLimitPerHour: number
  /** Whether the operator names itself as `iss` on the way back (RFC 9207). Default true. */
  camaraIss: boolean
  /** PKCE with S256: checked where a challenge came, demanded, or unknown to the operator. Default 'checked'. */
  camaraPkce: 'checked' | 'required' | 'ignored'
  /** The one way in which clients may prove themselves at the operator's token endpoint. Default 'any'. */
  camaraClientAuth: 'any' | 'private_key_jwt' | 'basic' | 'post'
  /** Whether an id_token comes with a code's token, for the scope `openid`. Default true. */
  camaraIdToken: boolean
  /** Whether the user has given the operator consent; else `consent_required`. Default 'given'. */
  camaraConsent: 'given' | 'required'
  /** Purpose and API as two scopes, or joined by `#` as some operators have it. Default 'space'. */
  camaraScope: 'space' | 'hash'
  /** Seconds that an authorization code lives. Default 60. */
  camaraCodeSeconds: number
  /** Seconds that a code of One Time Password SMS lives. Default 300. */
  camaraOtpSeconds: number
  /** Wrong codes for one message before VERIFICATION_FAILED. Default 3. */
  camaraOtpTries: number
  /** Living codes for one number before MAX_OTP_CODES_EXCEEDED. Default 5. */
  camaraOtpSends: number
  /** Whether the user agrees when the phone asks whether an app may have a token. Default 'given'. */
  deviceConsent: 'given' | 'declined'
  /** Who a phone's system says has asked for an operator token: an app or an origin. Default 'https://app.example'. */
  deviceAudience: string
  /** What the aggregator says when it is asked for a credential request. Default 'supported'. */
  operatorTokens: 'supported' | 'carrier_not_supported'
  /**
   * The nonce in a token of Firebase PNV: the app's, as in the custom flow; one of the SDK's own, as
   * in the one-call flow; or none. Default 'given'.
   */
  pnvNonce: 'given' | 'random' | 'absent'
  /** Seconds that a token of Firebase PNV lives. Default 3600. */
  pnvTokenSeconds: number
}

export const defaultBehaviour: Readonly<Behaviour> = {
  ttlSeconds: 120,
  firstHopErrors: 'problem',
  errorDelivery: 'redirect',
  checkUrlReuse: 'restart',
  operatorHops: 2,
  slowOperatorMs: 4000,
  notVisited: 404,
  wrongCode: 404,
  reusedCode: 404,
  expiredCheck: 404,
  rateLimitPerHour: 1_000_000,
  digestEncoding: 'base64',
  callbackHosts: 'loopback',
  moTtlSeconds: 300,
  moTtlField: true,
  moStatusField: true,
  moReceiver: 'plus',
  moBody: 'otp',
  moUnverified: 'absent',
  moWrongSender: 'complete',
  moWrongBody: 'ignore',
  idenfyUnauthorized: 'identifier',
  idenfyUnknownRequest: 200,
  idenfySecondSend: 'refuse',
  idenfyMaxWrongTries: 3,
  idenfyCalls: true,
  idenfyRateLimitPerHour: 10_000,
  vonageSpentCode: 410,
  vonageErrorId: false,
  twilioCodeLength: 6,
  twilioTtlSeconds: 600,
  twilioSpent: 429,
  twilioSnaToken: 'field',
  twilioRateLimitPerHour: 1_000_000,
  camaraIss: true,
  camaraPkce: 'checked',
  camaraClientAuth: 'any',
  camaraIdToken: true,
  camaraConsent: 'given',
  camaraScope: 'space',
  camaraCodeSeconds: 60,
  camaraOtpSeconds: 300,
  camaraOtpTries: 3,
  camaraOtpSends: 5,
  deviceConsent: 'given',
  deviceAudience: 'https://app.example',
  operatorTokens: 'supported',
  pnvNonce: 'given',
  pnvTokenSeconds: 3600,
}

/**
 * The defaults with `changes` over them.
 * @throws TypeError that names an unknown switch.
 */
export function behaviourWith(changes: Partial<Behaviour> = {}): Behaviour {
  const unknown = Object.keys(changes).find((name) => !Object.hasOwn(defaultBehaviour, name))
  if (unknown !== undefined)
    throw new TypeError(
      `behaviour.${unknown} is not a switch of the simulator; there are: ${Object.keys(defaultBehaviour).join(', ')}`,
    )
  return { ...defaultBehaviour, ...changes }
}
