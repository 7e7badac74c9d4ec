import { readFileSync } from 'node:fs'
import { readYaml } from '../../docs/openapi/yaml.js'
import { needs, specsFolder } from '../../support/needs.js'
import type { Json, JsonObject } from './json.js'
import { type Operation, operationsOf } from './spec.js'

export const vonageSpecFound = needs['vonage-spec'].isMet()

interface Extract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>
  readonly channels: Readonly<Record<string, JsonObject>>
  readonly errors: Readonly<Record<string, JsonObject>>
}

/** What an answer is where the extract says only that there is one. */
const errorsByStatus: Readonly<Record<string, string[]>> = {
  400: ['ErrorInvalidCode'],
  401: ['ErrorUnauthorizedMissingCredentials', 'ErrorJwtExpired'],
  402: ['ErrorPaymentRequired'],
  409: ['ErrorConflict'],
  410: ['ErrorInvalidCode'],
  412: ['ErrorSilentAuth', 'ErrorNetworkNotSupported'],
  429: ['ErrorRateLimited'],
  500: ['ErrorInternalError'],
}

/**
 * Everything of Verify v2 that the extract has. It writes schemas in short, which are made whole here.
 * @param scheme how the caller says who it is; the document allows both
 */
export function readVonageOperations(scheme: 'HTTPBasic' | 'Bearer'): Operation[] {
  const text = readFileSync(`${specsFolder}/vonage-verify-v2-1.0.1.extract.yaml`, 'utf8')
  // Notes at the ends of lines, and keys that the reader wants plain.
  const plain = text
    .replace(/ +#.*$/gm, '')
    .replaceAll('application/json:', 'json:')
    .replace(/'(\d{3})': /g, '$1: ')
  const extract = readYaml(plain) as unknown as Extract
  const paths = Object.entries(extract.paths).map(([path, item]) => [
    `/v2/verify${path}`,
    Object.fromEntries(Object.entries(item).map(([method, found]) => [method, operation(extract, found, scheme)])),
  ])
  return operationsOf('vonage', JSON.stringify({ paths: Object.fromEntries(paths) }), [])
}

function operation(extract: Extract, found: JsonObject, scheme: string): JsonObject {
  const { operationId = '', requestBody, security, responses } = found
  const body = requestBody as JsonObject | undefined
  return {
    operationId,
    ...(security === undefined && { security: [{ [scheme]: [] }] }),
    ...(body && { requestBody: { content: { 'application/json': { schema: requestSchema(extract, body) } } } }),
    responses: Object.fromEntries(
      Object.entries(responses as JsonObject).map(([status, said]) => [status, response(extract, status, said)]),
    ),
  }
}

function requestSchema({ channels }: Extract, body: JsonObject): Json {
  if (body['oneOf']) {
    return { oneOf: (body['oneOf'] as JsonObject[]).map((branch) => object(branch, Object.keys(branch))) }
  }
  const { json } = body['content'] as { json: { schema: JsonObject } }
  const properties = { ...(json.schema['properties'] as JsonObject) }
  const steps = Object.values(channels).map((channel) => {
    const required = Object.entries(channel).filter(([, field]) => (field as JsonObject)['required'] === true)
    return object(channel, ['channel', 'to', ...required.map(([name]) => name)])
  })
  properties['workflow'] = { ...(properties['workflow'] as JsonObject), items: { oneOf: steps } }
  return { ...object(properties, ['brand', 'workflow']) }
}

/** The extract writes a constant or the name of a type where a schema belongs. */
function object(fields: JsonObject, required: string[]): JsonObject {
  const schema = (name: string, field: Json): Json => {
    if (typeof field !== 'object') return name === 'channel' ? { const: field } : named(String(field))
    const { required: _, ...rest } = field as JsonObject
    return 'type' in rest || 'enum' in rest ? rest : { type: 'string', ...rest }
  }
  const properties = Object.entries(fields).map(([name, field]) => [name, schema(name, field)])
  return { type: 'object', properties: Object.fromEntries(properties), required }
}

function named(word: string): JsonObject {
  if (word === 'boolean' || word === 'string') return { type: word }
  // A number has no plus there, which the vendor says in words.
  if (word === 'To') return { type: 'string', minLength: 1, maxLength: 50, pattern: '^[1-9]' }
  return word === 'email' ? { type: 'string', pattern: '@' } : { const: word }
}

function response({ errors }: Extract, status: string, said: Json | undefined): JsonObject {
  if (Number(status) < 300) {
    const { json, required, ...fields } = said === 'none' ? {} : (said as JsonObject)
    const members = (json ?? fields) as JsonObject
    if (Object.keys(members).length === 0) return {}
    const schema = object(members, (required ?? Object.keys(members)) as string[])
    return { content: { 'application/json': { schema } } }
  }
  if (status === '302') return {}
  const names = Array.isArray(said)
    ? (said as string[])
    : said === 'x'
      ? (errorsByStatus[status] ?? [])
      : [String(said)]
  const examples = names.flatMap((name) => (errors[name] ? [{ example: errors[name] }] : []))
  const members = { title: 'string', type: 'string', detail: 'string', instance: 'string' }
  const invalid = { type: 'array', items: object({ name: 'string', reason: 'string' }, ['name', 'reason']) }
  const problem = object(names.includes('ErrorInvalidParams') ? { ...members, invalid_parameters: invalid } : members, [
    'title',
    'type',
  ])
  const schema = examples.length === 0 ? problem : { ...problem, anyOf: examples }
  return { content: { 'application/problem+json': { schema } } }
}
