import type { JsonObject, SpecMistake } from './json.js'

const v01 = '#/paths/~1phone_check~1v0.1~1checks'
const v02 = '#/paths/~1phone_check~1v0.2~1checks'
const hal = 'content/application~1hal%2Bjson/schema'

/** What the document says by mistake; each is put right before anything is compared with it. */
export const specMistakes: readonly SpecMistake[] = [
  {
    at: `${v02}~1%7Bcheck_id%7D/patch/requestBody/content/application~1json-patch%2Bjson/schema/allOf/0`,
    reason:
      'An array cannot have properties, and "op path value" is no name: the operation is described where its array should be.',
    mend: ({ properties, required, ...array }: JsonObject) => ({
      ...array,
      minItems: 1,
      maxItems: 1,
      items: { type: 'object', properties: properties ?? {}, required: String(required).split(' ') },
    }),
  },
  {
    at: `${v02}/post/responses/400/content/application~1problem%2Bjson/schema`,
    reason: 'Every problem fits both branches of the oneOf, so none is ever valid.',
    mend: ({ oneOf = [], ...rest }: JsonObject) => ({ ...rest, anyOf: oneOf }),
  },
  {
    at: `${v02}~1%7Bcheck_id%7D~1redirect/get/responses/302/${hal}`,
    reason: 'No branch of the oneOf requires anything, so both fit and none is ever valid.',
    mend: ({ oneOf = [], ...rest }: JsonObject) => ({ ...rest, anyOf: oneOf }),
  },
  {
    at: `${v01}/post/responses/201/${hal}/allOf/0/allOf/0/allOf/0/allOf/0`,
    reason:
      'The example of v0.1 shows balance and links, which the guides rely on, and the schema that v0.2 borrows from it has neither.',
    mend: (schema: JsonObject) => ({
      ...schema,
      properties: {
        ...(schema['properties'] as JsonObject),
        snapshot_balance: { type: 'number' },
        _links: { type: 'object', properties: { self: link(), check_url: link() }, required: ['self', 'check_url'] },
      },
      required: [...(schema['required'] as string[]), '_links'],
    }),
  },
]

function link(): JsonObject {
  return { type: 'object', properties: { href: { type: 'string', format: 'uri' } }, required: ['href'] }
}

const create = 'create-phone-check-v0.2'
const patch = 'patch-phone-check-v0.2'
const redirect = 'get-phone-check-redirect-v0.2'
const list =
  "The one list of problems on the vendor's error page holds for all products; the document shows a choice for each call."
const anyBearer = 'Any guarded call can be refused like this; the error page has it and the document leaves it out.'
const chain =
  'The document puts the result into the first 302. The guides and every SDK have it at the end of the chain instead:'
const more = 'The check as GET shows it. The document names fewer members here, the guides more.'

/** Deviation to reason. Whatever is not here fails, and so does an entry that no longer happens. */
export const allowedDeviations: Readonly<Record<string, string>> = {
  [`${create} 400: problem bad_request is not documented`]: list,
  [`${create} 400: problem mno_not_supported is not documented`]: list,
  [`${create} 400: problem without a fragment is not documented`]:
    'The unsupported country, which the document describes and gives no example of.',
  [`${create} 401: status is not documented`]: anyBearer,
  [`${create} 402: status is not documented`]: "No credit: the vendor's own code handles it.",
  'oauth2-token 401: status is not documented':
    'The document has no refusals of a token at all; RFC 6749 says what they look like.',
  'oauth2-token 400: status is not documented': 'As 401.',
  [`${redirect} 302: content type missing`]: `${chain} the first hop has no body.`,
  'end of chain: 200, application/json': `${chain} as JSON in a 200.`,
  'end of chain: 302, in the query': `${chain} in the query of the app's redirect URL.`,
  [`${redirect} 200: status is not documented`]:
    'A failure at the first hop that is told like one at the end of the chain; the vendor leaves open which.',
  'end of chain: /reference_id is not documented': "The SDKs' types have it.",
  [`${patch} 200: /network_id is not documented`]: more,
  [`${patch} 200: /error_code is not documented`]: more,
  'get-phone-check-v0.2 200: /ttl is not documented': 'The example of this very answer shows it.',
  'get-phone-checks-v0.2 200: /_embedded/checks/*/ttl is not documented': 'As for one check.',
  'get-phone-checks-v0.2 200: /_links lacks next':
    "On the last page there is none; the vendor's standard calls it optional.",
  'get-phone-checks-v0.2 200: /_links lacks prev': 'On the first page there is none.',
  [`${create} 429: problem too_many_requests, detail reads differently`]:
    "The sentence is the vendor's own; what counts is the fragment.",
  [`${redirect} 429: problem too_many_requests, detail reads differently`]: 'The same.',
  [`${patch} 429: problem too_many_requests, detail reads differently`]: 'The same.',
}
