import { PhoneCheckError } from '../lib/errors.js'

/**
 * One answer for every token that is not good here, whatever it is: unknown, expired, used up,
 * ended, or of another kind.
 */
export function tokenInvalid(message?: string): PhoneCheckError {
  return new PhoneCheckError('token_invalid', message === undefined ? {} : { message })
}
