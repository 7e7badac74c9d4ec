/** Why an access token was refused. `no_answer`: the verify callback ended without a user and without `false`; a `return` may be missing. */
export type TokenRefusal = 'malformed' | 'unknown_key' | 'signature' | 'expired' | 'claims' | 'revoked' | 'user_refused' | 'no_answer'

/** What the tokens have to tell. No token, secret or number is part of an event. */
export type TokenEvent =
  /** An access token was presented that is not good here. `expired` is everyday life; the others are defects or attacks. */
  | { type: 'token_refused'; reason: Exclude<TokenRefusal, 'no_answer'> }
  | { type: 'token_refused'; reason: 'no_answer'; message: string }
  /** A refresh token was used a second time: it was stolen, or a client refreshes twice at once. All tokens of that login are dead. */
  | { type: 'refresh_reused'; family: string; subject: string }
  /** `user` is a keyed hash of the id, the same for the same user: `revokeUser` cannot know whether the id it is given is a phone number. */
  | { type: 'user_revoked'; user: string }
