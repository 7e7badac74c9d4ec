import { json, type Reply } from '../server/reply.js'

export type Brand = 'tru.id' | 'idlayr'

interface Kind {
  readonly status: number
  readonly title: string
  readonly detail: string
  /** Fragment of the problem type; the vendor's list has none for some. */
  readonly fragment?: string
}

const kinds = {
  bad_request: { status: 400, fragment: 'bad_request', title: 'Bad Request', detail: 'The request body is invalid' },
  phone_format_invalid: {
    status: 400,
    fragment: 'phone_format_invalid',
    title: 'Bad Request',
    detail: 'Phone Number Validation Error',
  },
  mno_not_supported: {
    status: 400,
    fragment: 'mno_not_supported',
    title: 'Bad Request',
    detail: 'Mobile Network Operator Not Supported',
  },
  country_not_supported: { status: 400, title: 'Bad Request', detail: 'Country Not Supported' },
  unauthorized: {
    status: 401,
    fragment: 'unauthorized',
    title: 'Unauthorized',
    detail: 'Access token missing, unknown or expired',
  },
  payment_required: { status: 402, title: 'Payment Required', detail: 'Insufficient credit' },
  forbidden: { status: 403, fragment: 'forbidden', title: 'Forbidden', detail: 'Forbidden' },
  check_not_found: { status: 404, fragment: 'check_not_found', title: 'Not Found', detail: 'Check Not Found' },
  no_reach: { status: 404, title: 'Not Found', detail: 'No Reach' },
  not_found: { status: 404, title: 'Not Found', detail: 'The simulator has no such route' },
  method_not_allowed: { status: 405, title: 'Method Not Allowed', detail: 'Method Not Allowed' },
  ip_msisdn_mismatch: { status: 409, fragment: 'ip_msisdn_mismatch', title: 'Conflict', detail: 'ip_msisdn_mismatch' },
  not_mobile_ip: { status: 412, fragment: 'not_mobile_ip', title: 'Precondition Failed', detail: 'Not a mobile IP' },
  too_large: { status: 413, title: 'Content Too Large', detail: 'The request body is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported Media Type', detail: 'Unsupported Media Type' },
  too_many_requests: {
    status: 429,
    fragment: 'too_many_requests',
    title: 'Rate Limit exceeded',
    detail: 'See Retry-After',
  },
  mno_redirect_unsupported: {
    status: 501,
    fragment: 'mno_redirect_unsupported',
    title: 'Not Implemented',
    detail: 'Mobile Network Operator Not Supporting Redirect',
  },
} as const satisfies Record<string, Kind>

export type ProblemName = keyof typeof kinds

/** Answers with the vendor's problem document of that name. */
export type Problem = (name: ProblemName, headers?: Record<string, string>) => Reply

const contentType = { 'Content-Type': 'application/problem+json' }

export function problemsOf(brand: Brand): Problem {
  const page = `https://developer.${brand === 'idlayr' ? 'idlayr.com' : 'tru.id'}/docs/reference/api-errors`
  return (name, headers = {}) => {
    const kind: Kind = kinds[name]
    const type = kind.fragment === undefined ? page : `${page}#${kind.fragment}`
    return json(kind.status, { type, title: kind.title, detail: kind.detail }, { ...contentType, ...headers })
  }
}

/** A problem of any status, for faults and for the simulator's own failures. */
export function bareProblem(status: number, title: string): Reply {
  return json(status, { type: 'about:blank', title, detail: title }, contentType)
}

/** What an override makes of a create, if anything. */
export function forcedProblem(
  problem: Problem,
  override: { readonly createProblem?: ProblemName; readonly retryAfterSeconds?: number } | undefined,
): Reply | undefined {
  if (override?.createProblem === undefined) return undefined
  const wait = { 'Retry-After': String(override.retryAfterSeconds ?? 30) }
  return problem(override.createProblem, override.createProblem === 'too_many_requests' ? wait : {})
}
