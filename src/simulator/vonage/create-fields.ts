import { e164 } from '../phones/number.js'
import { isObject, type JsonObject } from '../server/reply.js'
import type { NewRequest, VonageStep } from './requests.js'

interface Complaint {
  readonly name: string
  readonly reason: string
}

const channels = ['silent_auth', 'sms', 'voice', 'whatsapp']

/** Reads the body of a create, or says what is wrong with it. */
export function readCreate(body: JsonObject): Omit<NewRequest, 'caller'> | { complaints: Complaint[] } {
  const complaints: Complaint[] = []
  const field = <T>(name: string, otherwise: T, valid: (value: unknown) => boolean): T => {
    const value = body[name] ?? otherwise
    if (!valid(value)) complaints.push({ name, reason: `${name} is invalid` })
    return value as T
  }
  const brand = field('brand', '', matches(/^[^/{}:$]{1,18}$/))
  const clientRef = field<string | null>(
    'client_ref',
    null,
    (value) => value === null || /^[a-zA-Z0-9]{1,40}$/.test(String(value)),
  )
  const timeout = field('channel_timeout', 180, whole(15, 900))
  const codeLength = field('code_length', 4, whole(4, 10))
  field('locale', 'en-us', matches(/^[a-z]{2,3}-[a-z]{2}$/))
  const steps = field<unknown[]>(
    'workflow',
    [],
    (value) => Array.isArray(value) && value.length > 0 && value.length < 4,
  )
  const workflow = Array.isArray(steps) ? steps.map((step, index) => readStep(step, index, complaints)) : []
  if (complaints.length > 0) return { complaints }
  // Silent authentication has a minute, whatever is asked for.
  const isSilent = workflow.some(({ channel }) => channel === 'silent_auth')
  return { brand, clientRef, timeoutSeconds: isSilent ? 60 : timeout, codeLength, workflow }
}

function readStep(step: unknown, index: number, complaints: Complaint[]): VonageStep {
  const fields = isObject(step) ? step : {}
  const complain = (name: string) =>
    complaints.push({ name: `workflow[${index}].${name}`, reason: `${name} is invalid` })
  const { channel, to, from, redirect_url: redirectUrl, coverage_check: coverage, app_hash: appHash } = fields
  const number = typeof to === 'string' && !to.startsWith('+') ? e164(to) : undefined
  if (!channels.includes(String(channel)) || (channel === 'silent_auth' && index > 0)) complain('channel')
  if (number === undefined) complain('to')
  if (channel === 'whatsapp' ? !isText(from, 50) : from !== undefined && !isText(from, 15)) complain('from')
  if (redirectUrl !== undefined && !(typeof redirectUrl === 'string' && URL.canParse(redirectUrl)))
    complain('redirect_url')
  if (coverage !== undefined && typeof coverage !== 'boolean') complain('coverage_check')
  if (appHash !== undefined && !(isText(appHash, 11) && appHash.length === 11)) complain('app_hash')
  return {
    channel: channel as VonageStep['channel'],
    to: number ?? '',
    from: typeof from === 'string' ? from : null,
    redirectUrl: typeof redirectUrl === 'string' ? redirectUrl : null,
    coverageCheck: coverage !== false,
    appHash: typeof appHash === 'string' ? appHash : null,
  }
}

const matches = (grammar: RegExp) => (value: unknown) => typeof value === 'string' && grammar.test(value)
const whole = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most
}
