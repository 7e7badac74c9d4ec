import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormatsModule from 'ajv-formats'
import { needs, specsFolder } from '../../support/needs.js'
import { type Json, type JsonObject, mend, pointerInto, type SpecMistake } from './json.js'

const files = { phoneCheck: `${specsFolder}/phone-check.openapi.json`, oauth: `${specsFolder}/oauth2.openapi.json` }

export const specsFound = needs.specs.isMet()

/** One method of one path, as the vendor documents it. */
export interface Operation {
  readonly id: string
  readonly method: string
  /** Template, such as `/phone_check/v0.2/checks/{check_id}`. */
  readonly path: string
  readonly matches: RegExp
  /** `bearer`, `basic`, or undefined when nobody has to say who they are. */
  readonly security: string | undefined
  readonly requestContent: ContentByType | undefined
  readonly responses: ReadonlyMap<number, ResponseSpec>
  readonly query: readonly string[]
  /** Headers that the document gives to requests. */
  readonly headers: readonly string[]
}

export interface ResponseSpec {
  readonly headers: ReadonlyMap<string, { required: boolean; schema: Schema }>
  readonly content: ContentByType
}

export type ContentByType = ReadonlyMap<string, Schema>

export interface Schema {
  readonly validate: ValidateFunction
  /** The document itself, for what validation does not look at: names that it does not know, and examples. */
  readonly node: JsonObject
  readonly follow: (node: Json | undefined) => JsonObject
}

/** Everything of PhoneCheck v0.2, and the token endpoint. */
export function readOperations(mistakes: readonly SpecMistake[]): Operation[] {
  const phoneCheck = operationsOf('phone-check', readFileSync(files.phoneCheck, 'utf8'), mistakes)
  const oauth = operationsOf('oauth', readFileSync(files.oauth, 'utf8'), [])
  return [
    ...phoneCheck.filter(({ path }) => path.startsWith('/phone_check/v0.2/')),
    ...oauth.filter(({ path }) => path === '/oauth2/v1/token'),
  ]
}

/**
 * The operations of a document; `text` is JSON.
 * @param root what stands before each path, where the document leaves it to its `servers`
 */
export function operationsOf(name: string, text: string, mistakes: readonly SpecMistake[], root = ''): Operation[] {
  const document: JsonObject = JSON.parse(text)
  for (const mistake of mistakes) mend(document, mistake)
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false })
  addFormatsModule.default(ajv)
  ajv.addFormat('E.164', /^\+?[1-9]\d{6,14}$/)
  ajv.addFormat('Datetime ISO 8601', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)
  ajv.addSchema(document, name)

  const follow = (node: Json | undefined): JsonObject => {
    const found = (node ?? {}) as JsonObject
    const target = found['$ref']
    return typeof target === 'string' ? follow(pointerInto(document, target)) : found
  }
  const schemaAt = (pointer: string): Schema => ({
    validate: ajv.compile({ $ref: `${name}#${pointer}` }),
    node: follow(pointerInto(document, `#${pointer}`)),
    follow,
  })
  const contentAt = (pointer: string): ContentByType => {
    const content = follow(pointerInto(document, `#${pointer}`))['content'] as JsonObject | undefined
    return new Map(
      Object.keys(content ?? {}).map((type) => [type, schemaAt(`${pointer}/content/${escapeKey(type)}/schema`)]),
    )
  }
  const responseAt = (named: string): ResponseSpec => {
    const reference = (pointerInto(document, `#${named}`) as JsonObject)['$ref']
    const pointer = typeof reference === 'string' ? reference.slice(1) : named
    const headers = (follow(pointerInto(document, `#${pointer}`))['headers'] ?? {}) as JsonObject
    const described = Object.keys(headers).map((header) => {
      const target = follow(headers[header])['schema'] ? headers[header] : undefined
      const reference = (target as JsonObject | undefined)?.['$ref']
      const at = typeof reference === 'string' ? reference.slice(1) : `${pointer}/headers/${escapeKey(header)}`
      return [header, { required: follow(target)['required'] === true, schema: schemaAt(`${at}/schema`) }] as const
    })
    return { headers: new Map(described), content: contentAt(pointer) }
  }

  return Object.entries(document['paths'] as JsonObject).flatMap(([path, item]) =>
    Object.entries(item as JsonObject).flatMap(([method, operation]) => {
      const found = operation as JsonObject
      if (typeof found['operationId'] !== 'string') return []
      const pointer = `/paths/${escapeKey(path)}/${method}`
      const [security] = ((found['security'] ?? []) as JsonObject[]).flatMap((entry) => Object.keys(entry))
      const statuses = Object.keys(found['responses'] as JsonObject)
      const parameters = (where: string) =>
        ((found['parameters'] ?? []) as Json[])
          .map(follow)
          .flatMap((each) => (each['in'] === where ? [String(each['name'])] : []))
      return {
        id: found['operationId'],
        method: method.toUpperCase(),
        path: root + path,
        // Ids are UUIDs everywhere; the specification says so of the parameter.
        matches: new RegExp(
          `^${root}${path.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, (_, id: string) => idGrammars[id] ?? uuid)}$`,
        ),
        security: security && (/Basic|authToken/.test(security) ? 'basic' : 'bearer'),
        requestContent: found['requestBody'] === undefined ? undefined : contentAt(`${pointer}/requestBody`),
        responses: new Map(statuses.map((status) => [Number(status), responseAt(`${pointer}/responses/${status}`)])),
        query: parameters('query'),
        headers: parameters('header'),
      }
    }),
  )
}

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/** Ids in paths that are no UUIDs. */
const idGrammars: Readonly<Record<string, string>> = { ServiceSid: 'VA[0-9a-fA-F]{32}', Sid: 'VE[0-9a-fA-F]{32}' }

function escapeKey(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))
}
