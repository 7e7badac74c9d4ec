import { isJsonObject, type Json, type JsonObject } from './json.js'
import type { ContentByType, Operation, Schema } from './spec.js'

/** One request and its response, as they were on the wire. */
export interface Exchange {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly requestHeaders: Readonly<Record<string, string | undefined>>
  readonly requestBody: string
  readonly status: number
  readonly responseHeaders: Readonly<Record<string, string | undefined>>
  readonly responseBody: string
}

/** What any HTTP client may send of its own accord. */
const httpHeaders = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept',
  'accept-encoding',
  'user-agent',
]

/**
 * Where the exchange leaves the vendor's document, one stable phrase each: no ids or values, so
 * that they can be listed.
 */
export function deviationsOf(exchange: Exchange, operations: readonly Operation[]): string[] {
  const operation = operations.find(({ method, matches }) => method === exchange.method && matches.test(exchange.path))
  if (!operation) return [`${exchange.method} ${exchange.path.replace(/[0-9a-f-]{36}/, '{id}')}: no such operation`]
  return [...inRequest(exchange, operation), ...inResponse(exchange, operation)].map(
    (text) => `${operation.id} ${text}`,
  )
}

function* inRequest({ requestHeaders, requestBody, query }: Exchange, operation: Operation): Generator<string> {
  const { security, requestContent, responses, headers } = operation
  const authorization = requestHeaders['authorization']
  const grammar = { bearer: /^Bearer [\w.~+/-]+=*$/, basic: /^Basic [A-Za-z0-9+/]+=*$/ }[security ?? '']
  if (grammar ? !grammar.test(authorization ?? '') : authorization !== undefined)
    yield `request: authorization is not ${security ?? 'absent'}`
  if (security) {
    const strange = Object.keys(requestHeaders).filter(
      (name) => ![...httpHeaders, ...headers, 'authorization', 'content-type'].includes(name),
    )
    yield* strange.map((name) => `request: header ${name} is not documented`)
    const wanted = new Set([...responses.values()].flatMap(({ content }) => [...content.keys()]))
    const accepted = (requestHeaders['accept'] ?? '*/*').split(',').map((part) => part.split(';')[0]?.trim() ?? '')
    if (!accepted.includes('*/*'))
      yield* [...wanted].filter((type) => !accepted.includes(type)).map((type) => `request: does not accept ${type}`)
  }
  yield* [...query.keys()]
    .filter((name) => !operation.query.includes(name))
    .map((name) => `request: query ${name} is not documented`)
  if (requestContent) yield* inBody('request', requestContent, requestHeaders['content-type'], requestBody)
  else if (requestBody !== '') yield 'request: a body is not documented'
}

function* inResponse({ status, responseHeaders, responseBody }: Exchange, { responses }: Operation): Generator<string> {
  const documented = responses.get(status)
  if (!documented) return yield `${status}: status is not documented`
  for (const [name, { required, schema }] of documented.headers) {
    const value = responseHeaders[name.toLowerCase()]
    if (
      value === undefined
        ? required
        : !schema.validate(value) && !(/^\d+$/.test(value) && schema.validate(Number(value)))
    )
      yield `${status}: header ${name}`
  }
  // In words only: the description of 429, and what 302 means.
  if (status === 429 && !/^\d+$/.test(responseHeaders['retry-after'] ?? '')) yield `${status}: header Retry-After`
  if (status === 302 && !URL.canParse(responseHeaders['location'] ?? '')) yield `${status}: header Location`
  yield* inBody(String(status), documented.content, responseHeaders['content-type'], responseBody)
}

/** Shared by both directions; `where` begins each phrase. */
export function* inBody(
  where: string,
  content: ContentByType,
  contentType: string | undefined,
  body: string,
): Generator<string> {
  if (content.size === 0) return
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  const schema = content.get(type ?? '')
  if (!schema) return yield `${where}: content type ${type ?? 'missing'}`
  const value =
    type === 'application/x-www-form-urlencoded' ? Object.fromEntries(new URLSearchParams(body)) : parseJson(body)
  if (value === undefined) return yield `${where}: no JSON`
  yield* inValue(where, schema, value)
}

export function* inValue(where: string, schema: Schema, value: Json): Generator<string> {
  if (!schema.validate(value)) {
    for (const { instancePath, message, keyword, params } of schema.validate.errors ?? []) {
      yield `${where}: ${instancePath || '/'} ${keyword === 'required' ? `lacks ${params['missingProperty']}` : message}`
    }
  }
  yield* unknownNames(value, flatten(schema.node, schema.follow), schema.follow, '').map(
    (name) => `${where}: ${name} is not documented`,
  )
  yield* unlikeExamples(where, schema, value)
}

/** Names that no branch of the schema describes. A schema without any names describes nothing and forbids nothing. */
function unknownNames(value: Json, schemas: readonly JsonObject[], follow: Schema['follow'], path: string): string[] {
  const below = (pick: (schema: JsonObject) => Json | undefined) =>
    schemas.flatMap((schema) => {
      const next = pick(schema)
      return next === undefined ? [] : flatten(next, follow)
    })
  if (Array.isArray(value))
    return [
      ...new Set(
        value.flatMap((item) =>
          unknownNames(
            item,
            below(({ items }) => items),
            follow,
            `${path}/*`,
          ),
        ),
      ),
    ]
  if (!isJsonObject(value)) return []
  const known = new Set(schemas.flatMap(({ properties }) => Object.keys((properties ?? {}) as JsonObject)))
  if (known.size === 0) return []
  return Object.entries(value).flatMap(([name, member]) =>
    known.has(name)
      ? unknownNames(
          member,
          below(({ properties }) => (properties as JsonObject | undefined)?.[name]),
          follow,
          `${path}/${name}`,
        )
      : [`${path}/${name}`],
  )
}

function flatten(node: Json, follow: Schema['follow']): JsonObject[] {
  const schema = follow(node)
  const parts = ['allOf', 'oneOf', 'anyOf'].flatMap((word) => (schema[word] ?? []) as Json[])
  return [schema, ...parts.flatMap((part) => flatten(part, follow))]
}

/**
 * The vendor shows each problem once. Type, title and detail are constants, so that another value
 * is another problem.
 */
function* unlikeExamples(where: string, { node, follow }: Schema, value: Json): Generator<string> {
  if (!isJsonObject(value) || typeof value['type'] !== 'string') return
  const examples = flatten(node, follow).flatMap(({ example }) =>
    isJsonObject(example) && example['type'] ? [example] : [],
  )
  if (examples.length === 0) return
  const fragment = /#([\w-]+)$/.exec(value['type'])?.[1] ?? 'without a fragment'
  // Several may share a type, each with words of its own.
  const ofType = examples.filter(({ type }) => type === value['type'])
  const reads = (one: JsonObject) => one['title'] === value['title'] && one['detail'] === value['detail']
  const same = ofType.find(reads) ?? ofType[0]
  if (!same) yield `${where}: problem ${fragment} is not documented`
  else
    yield* ['title', 'detail']
      .filter((name) => same[name] !== value[name])
      .map((name) => `${where}: problem ${fragment}, ${name} reads differently`)
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
