import { json, type Reply } from '../server/reply.js'

interface Kind {
  readonly status: number
  readonly title: string
  readonly detail: string
  /** Fragment of the problem type, where it is not the name. */
  readonly fragment?: string
  /** Where the type is not one of Verify's own. */
  readonly page?: string
}

const page = 'https://developer.vonage.com/en/api-errors'

const kinds = {
  unauthorized: {
    status: 401,
    page: 'https://developer.vonage.com/api-errors',
    title: 'Unauthorized',
    detail: 'You did not provide correct credentials',
  },
  'jwt-expired': {
    status: 401,
    page,
    title: 'You did not provide correct credentials.',
    detail: 'The JWT provided has expired.',
  },
  'request-not-found': { status: 404, title: 'Not Found', detail: 'The request is unknown, or it is over.' },
  'not-found': { status: 404, title: 'Not Found', detail: 'The simulator has no such route' },
  'method-not-allowed': { status: 405, title: 'Method Not Allowed', detail: 'Method Not Allowed' },
  concurrent: {
    status: 409,
    title: 'Conflict',
    detail: 'Concurrent verifications to the same number are not allowed.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    detail: 'The operation cannot be performed at this time. Please try again later.',
  },
  'no-code': { status: 409, title: 'Conflict', detail: 'The device has not brought a code yet.' },
  'no-events': { status: 409, title: 'Conflict', detail: 'The workflow has no other step.' },
  'invalid-code': {
    status: 400,
    title: 'Invalid Code',
    detail: 'The code you provided does not match the expected value.',
  },
  expired: {
    status: 410,
    title: 'Invalid Code',
    detail: 'Wrong codes were given too often. The request is over.',
  },
  'network-not-supported': {
    status: 412,
    fragment: 'precondition-failed',
    title: 'Network not supported',
    detail: 'Device number does not resolve to a supported Mobile Network Operator.',
  },
  'not-cellular': {
    status: 412,
    fragment: 'precondition-failed',
    title: 'Silent authentication failed',
    detail: 'IP Address does not resolve to a cellular device.',
  },
  'msisdn-error': {
    status: 412,
    title: 'Silent authentication failed',
    detail: 'Device MSISDN does not match.',
  },
  'network-error': {
    status: 412,
    title: 'Silent authentication failed',
    detail: 'The silent auth verification cannot be completed.',
  },
  'too-large': { status: 413, title: 'Content Too Large', detail: 'The request body is too large' },
  'invalid-json': { status: 400, title: 'Bad Request', detail: 'The body is not a JSON object' },
} as const satisfies Record<string, Kind>

export type VonageErrorName = keyof typeof kinds

/** What a device is told at the end of its way. */
export type SilentError = Extract<
  VonageErrorName,
  'network-not-supported' | 'not-cellular' | 'msisdn-error' | 'network-error'
>

const contentType = { 'Content-Type': 'application/problem+json' }

/** The vendor's problem document of that name. */
export function vonageError(name: VonageErrorName, headers: Record<string, string> = {}): Reply {
  const kind: Kind = kinds[name]
  const fragment = kind.fragment ?? name
  const body = { title: kind.title, type: `${kind.page ?? `${page}/verify-v2`}#${fragment}`, detail: kind.detail }
  return json(kind.status, { ...body, instance: 'simulator' }, { ...contentType, ...headers })
}

export function invalidParameters(parameters: readonly { name: string; reason: string }[]): Reply {
  const body = {
    title: 'Invalid params',
    type: `${page}#invalid-params`,
    detail: 'The value of one or more parameters is invalid.',
    instance: 'simulator',
    invalid_parameters: parameters,
  }
  return json(422, body, contentType)
}

/** The sentence that a device finds behind the `#`. */
export function silentText(name: SilentError): string {
  return kinds[name].detail
}
