import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { isJsonObject, type Json, type JsonObject, pointerInto } from '../../providers/openapi/json.js'
import { readText } from '../../support/markdown.js'
import { readYaml } from './yaml.js'

/** docs/reference/openapi.yaml, and what an answer says against it. */
export interface Contract {
  readonly document: JsonObject
  /** `start 201`, `verify 401 mismatch` and so on: what was checked so far. */
  readonly met: ReadonlySet<string>
  /** Every `<operation> <status>` that is documented. */
  readonly documented: readonly string[]
  /** @throws Error that says in what the value differs from the schema at the pointer */
  validate(pointer: string, value: unknown): void
  /** @throws Error that says in what the answer, or the request of a successful one, differs from the document */
  check(method: string, path: string, response: Response, sent?: unknown): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: JsonObject
}

export function readContract(): Contract {
  const document = readYaml(readText('docs/reference/openapi.yaml')) as JsonObject
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormatsModule.default(ajv)
  ajv.addSchema(document, 'own')
  const compiled = new Map<string, ValidateFunction>()
  const met = new Set<string>()

  /** Follows references, and keeps the pointer of where they lead. */
  function at(pointer: string): { pointer: string; node: JsonObject } {
    const node = pointerInto(document, `#${pointer}`)
    if (!isJsonObject(node)) throw new Error(`${pointer} is no object`)
    const target = node['$ref']
    return typeof target === 'string' ? at(target.slice(1)) : { pointer, node }
  }

  function refuse(pointer: string, value: unknown, what: string): void {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `own#${pointer}` })
    compiled.set(pointer, validate)
    if (!validate(value)) throw new Error(`${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`)
  }

  const paths = document['paths'] as { [path: string]: { [method: string]: JsonObject } }
  const documented = Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ operationId, responses }) =>
      Object.keys(responses as JsonObject).map((status) => `${operationId} ${status}`),
    ),
  )

  return {
    document,
    met,
    documented,
    validate: (pointer, value) => refuse(pointer, value, pointer),
    async check(method, path, response, sent) {
      const operation = paths[path]?.[method.toLowerCase()]
      if (!operation) throw new Error(`${method} ${path} is not documented`)
      const name = `${operation['operationId']} ${response.status}`
      const here = `/paths/${escapeKey(path)}/${method.toLowerCase()}`
      if (!documented.includes(name)) throw new Error(`${name} is not documented: ${await response.text()}`)
      const { pointer, node } = at(`${here}/responses/${response.status}`)

      for (const [header] of Object.entries((node['headers'] ?? {}) as JsonObject)) {
        const { pointer: headerAt, node: described } = at(`${pointer}/headers/${header}`)
        const value = response.headers.get(header)
        if (value !== null) refuse(`${headerAt}/schema`, value, `${name}, ${header}`)
        else if (described['required'] === true) throw new Error(`${name}: the header ${header} is missing`)
      }

      const text = await response.text()
      const content = node['content'] as JsonObject | undefined
      const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
      // Passport's own answers have no type.
      if (type !== '' && text !== '' && content && !Object.hasOwn(content, type))
        throw new Error(`${name}: ${type} is not documented`)
      const isJson = type.endsWith('json') && text !== ''
      const body: Json = isJson ? JSON.parse(text) : {}
      if (
        isJson &&
        content &&
        isJsonObject(content[type] ?? null) &&
        Object.hasOwn(content[type] as object, 'schema')
      ) {
        refuse(`${pointer}/content/${escapeKey(type)}/schema`, body, name)
      }
      if (!isJsonObject(body)) throw new Error(`${name}: the body is no object`)
      if (type === 'application/problem+json') {
        met.add(`problem ${body['code']}`)
        const wait = response.headers.get('retry-after')
        if (String(body['retry_after'] ?? '') !== (wait ?? ''))
          throw new Error(`${name}: Retry-After ${wait} is ${body['retry_after']} in the body`)
      }
      if (response.ok && sent !== undefined) {
        refuse(
          `${here}/requestBody/content/application~1json/schema`,
          typeof sent === 'string' ? JSON.parse(sent) : sent,
          `${name}, request`,
        )
      }
      met.add(name)
      return { status: response.status, headers: response.headers, body }
    },
  }
}

function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
