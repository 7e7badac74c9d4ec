import { PhoneCheckError } from './errors.js'

/** One answer for every token that is not good here, whatever it is: unknown, expired, used up, ended, or of another kind. */
export function tokenInvalid(
  message = 'The token is unknown, expired, used up, ended, or of another kind. Log in again.',
): PhoneCheckError {
  const error = new PhoneCheckError('flow_invalid', { message })
  // Until `token_invalid` is in errors.ts.
  return Object.assign(error, { code: 'token_invalid' })
}
