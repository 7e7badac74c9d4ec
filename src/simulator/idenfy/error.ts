import { json, type Reply } from '../server/reply.js'

interface Kind {
  readonly status: number
  /** The vendor's list has none for some. */
  readonly identifier?: string
  readonly message: string
}

const kinds = {
  json_error: { status: 400, identifier: 'JSON_ERROR', message: 'The body is not a JSON object' },
  missing_value: { status: 400, identifier: 'MISSING_VALUE', message: 'A required value is missing' },
  bad_value: { status: 400, identifier: 'BAD_VALUE', message: 'A value is of the wrong type' },
  validation_error: { status: 400, identifier: 'VALIDATION_ERROR', message: 'A value is invalid' },
  token_limit: { status: 400, identifier: 'PERMISSIONS_ERROR', message: 'Partner reached token limit' },
  unauthorized: { status: 401, identifier: 'UNAUTHORIZED', message: 'Invalid authorization credentials' },
  payment_required: { status: 402, message: 'Action not allowed due to lack of funds or exceeded limit.' },
  partner_inactive: { status: 403, message: 'Partner inactive' },
  not_found: { status: 404, message: 'The simulator has no such route' },
  method_not_allowed: { status: 405, identifier: 'METHOD_NOT_ALLOWED', message: 'Method not allowed' },
  too_large: { status: 413, message: 'The request body is too large' },
  too_many_requests: { status: 429, identifier: 'TOO_MANY_REQUESTS', message: 'Too many requests' },
  internal_error: { status: 500, identifier: 'INTERNAL_ERROR', message: 'Internal error' },
} as const satisfies Record<string, Kind>

export type IdenfyErrorName = keyof typeof kinds

/** The vendor's error of that name; a message of ours may say more. */
export function idenfyError(name: IdenfyErrorName, message?: string, headers: Record<string, string> = {}): Reply {
  const kind: Kind = kinds[name]
  return json(
    kind.status,
    { ...(kind.identifier === undefined ? {} : { identifier: kind.identifier }), message: message ?? kind.message },
    headers,
  )
}

/** With or without the identifier, and as 400 or 401: the vendor's documents have all three. */
export function idenfyUnauthorized(shape: 'identifier' | 'bare' | 'bad_request'): Reply {
  const reply = idenfyError('unauthorized')
  if (shape === 'bare') return { ...reply, body: JSON.stringify({ message: kinds.unauthorized.message }) }
  return shape === 'bad_request' ? { ...reply, status: 400 } : reply
}
