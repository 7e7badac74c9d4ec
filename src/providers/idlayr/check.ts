import type { Unable } from '../../contracts/provider.js'
import { unableReason } from '../../contracts/unable-reason.js'
import { PhoneCheckError } from '../../lib/errors.js'
import type { IdlayrAnswer } from './api.js'
import { readProblem } from './problem.js'

/** What the ids of checks look like. Anything else is never put into a path. */
export const checkIdGrammar = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * What a refused create says about the number or the device, by the fragment of its problem, whatever the brand.
 * @returns undefined when it says nothing of either
 * @throws PhoneCheckError `invalid_phone_number`
 */
export function judgeRefusal({ status, body }: IdlayrAnswer): Unable | undefined {
  const { fragment } = readProblem(body)
  switch (status) {
    case 400:
      if (fragment === 'phone_format_invalid') {
        throw new PhoneCheckError('invalid_phone_number', { message: 'The operator calls this number invalid.' })
      }
      // With bad_request our own call would be at fault; that is nothing the user's device could
      // cure. Without a known fragment it is the country.
      return fragment === 'bad_request' ? undefined : { unable: unableReason(fragment, 'mno_not_supported') }
    case 409:
      return { unable: unableReason(fragment, 'ip_msisdn_mismatch') }
    case 412:
      return { unable: 'not_mobile_ip' }
    case 422:
      return { unable: unableReason(fragment) }
    case 501:
      return { unable: unableReason(fragment, 'mno_redirect_unsupported') }
    default:
      return undefined
  }
}
