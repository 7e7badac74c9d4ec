import { beforeAll, describe, expect, test } from 'vitest'
import { specMistakes } from './allowed-deviations.js'
import { deviationsOf, type Exchange } from './deviations.js'
import { type Operation, readOperations, specsFound } from './spec.js'

const id = 'c69bc0e6-a429-11ea-bb37-0242ac130002'
const checks = '/phone_check/v0.2/checks'
const rates = { 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '94', 'x-ratelimit-reset': '1659425356' }
const check = {
  check_id: id,
  status: 'ACCEPTED',
  charge_amount: 1,
  charge_currency: 'API',
  created_at: '2020-06-01T16:43:30+00:00',
}
const links = {
  self: { href: `https://eu.api.tru.id${checks}/${id}` },
  check_url: { href: `https://eu.api.tru.id${checks}/${id}/redirect` },
}
const problems = 'https://developer.tru.id/docs/reference/api-errors'

const create: Exchange = {
  method: 'POST',
  path: checks,
  query: new URLSearchParams(),
  requestHeaders: { authorization: 'Bearer abc', 'content-type': 'application/json', accept: '*/*' },
  requestBody: JSON.stringify({ phone_number: '+12025550100', redirect_url: 'https://app.example/return' }),
  status: 201,
  responseHeaders: { 'content-type': 'application/hal+json; charset=utf-8', ...rates },
  responseBody: JSON.stringify({ ...check, ttl: 120, _links: links }),
}
const redeem: Exchange = {
  ...create,
  method: 'PATCH',
  path: `${checks}/${id}`,
  requestHeaders: { ...create.requestHeaders, 'content-type': 'application/json-patch+json' },
  requestBody: JSON.stringify([{ op: 'add', path: '/code', value: 'c0de' }]),
  status: 200,
  responseBody: JSON.stringify({ ...check, status: 'COMPLETED', match: true, updated_at: check.created_at }),
}
const token: Exchange = {
  ...create,
  path: '/oauth2/v1/token',
  requestHeaders: { authorization: 'Basic YTpi', 'content-type': 'application/x-www-form-urlencoded' },
  requestBody: 'grant_type=client_credentials&scope=phone_check',
  status: 200,
  responseHeaders: { 'content-type': 'application/json' },
  responseBody: JSON.stringify({ access_token: 'abc', token_type: 'bearer', expires_in: 3600, scope: 'phone_check' }),
}
const conflict: Exchange = {
  ...create,
  status: 409,
  responseHeaders: { 'content-type': 'application/problem+json' },
  responseBody: JSON.stringify({
    type: `${problems}#ip_msisdn_mismatch`,
    title: 'Conflict',
    detail: 'ip_msisdn_mismatch',
  }),
}

describe.skipIf(!specsFound)('the comparison with the vendor document', () => {
  let operations: readonly Operation[] = []
  beforeAll(() => {
    operations = readOperations(specMistakes)
  })

  test.each(Object.entries({ create, redeem, token, conflict }))('has nothing against a good %s', (_, exchange) => {
    expect(deviationsOf(exchange, operations)).toEqual([])
  })

  test.each<[string, Exchange, Partial<Exchange>]>([
    ['no such operation', create, { path: '/phone_checks/v0.2/checks' }],
    ['no such operation', create, { method: 'PUT' }],
    ['no such operation', redeem, { path: `${checks}/not-a-uuid` }],
    ['authorization', create, { requestHeaders: { ...create.requestHeaders, authorization: 'Basic YTpi' } }],
    ['authorization', token, { requestHeaders: { ...token.requestHeaders, authorization: 'Bearer abc' } }],
    [
      'request: header x-forwarded-for',
      create,
      { requestHeaders: { ...create.requestHeaders, 'x-forwarded-for': '1.2.3.4' } },
    ],
    [
      'request: does not accept application/problem+json',
      create,
      { requestHeaders: { ...create.requestHeaders, accept: 'application/hal+json' } },
    ],
    ['request: query verbose', create, { query: new URLSearchParams('verbose=1') }],
    ['request: content type application/json', redeem, { requestHeaders: create.requestHeaders }],
    ['request: /phone_number must match format', create, { requestBody: '{"phone_number":"tel:123"}' }],
    ['request: / lacks phone_number', create, { requestBody: '{"reference_id":"x"}' }],
    ['request: /phone is not documented', create, { requestBody: '{"phone_number":"+12025550100","phone":1}' }],
    [
      'request: /redirect_url must match format',
      create,
      { requestBody: '{"phone_number":"+12025550100","redirect_url":"/return"}' },
    ],
    ['request: no JSON', create, { requestBody: '' }],
    ['request: / must be array', redeem, { requestBody: '{"op":"add","path":"/code","value":"x"}' }],
    ['request: /0 lacks value', redeem, { requestBody: '[{"op":"add","path":"/code"}]' }],
    ['request: /0/path must be equal', redeem, { requestBody: '[{"op":"add","path":"/status","value":"x"}]' }],
    [
      'request: /*/from is not documented',
      redeem,
      { requestBody: '[{"op":"add","path":"/code","value":"x","from":""}]' },
    ],
    ['request: /grant_type must be equal', token, { requestBody: 'grant_type=password' }],
    ['418: status is not documented', create, { status: 418 }],
    [
      '201: header X-RateLimit-Limit',
      create,
      { responseHeaders: { ...create.responseHeaders, 'x-ratelimit-limit': 'many' } },
    ],
    [
      '201: header X-RateLimit-Reset',
      create,
      { responseHeaders: { ...create.responseHeaders, 'x-ratelimit-reset': undefined } },
    ],
    [
      '201: content type application/json',
      create,
      { responseHeaders: { ...rates, 'content-type': 'application/json' } },
    ],
    ['201: / lacks ttl', create, { responseBody: JSON.stringify({ ...check, _links: links }) }],
    [
      '201: /status must be equal',
      create,
      { responseBody: JSON.stringify({ ...check, status: 'DONE', ttl: 1, _links: links }) },
    ],
    [
      '201: /_links lacks check_url',
      create,
      { responseBody: JSON.stringify({ ...check, ttl: 1, _links: { self: links.self } }) },
    ],
    [
      '201: /_links/next is not documented',
      create,
      { responseBody: JSON.stringify({ ...check, ttl: 1, _links: { ...links, next: links.self } }) },
    ],
    [
      '200: /match must be boolean',
      redeem,
      { responseBody: redeem.responseBody.replace('"match":true', '"match":"yes"') },
    ],
    [
      '200: /created_at must match format',
      redeem,
      { responseBody: redeem.responseBody.replace('"created_at":"2020-06-01T', '"created_at":"2020-06-01 ') },
    ],
    ['200: / lacks updated_at', redeem, { responseBody: redeem.responseBody.replace('updated_at', 'changed_at') }],
    ['200: no JSON', token, { responseBody: 'access_token=abc' }],
    [
      '409: problem not_mobile_ip is not documented',
      conflict,
      { responseBody: conflict.responseBody.replace('#ip_msisdn_mismatch', '#not_mobile_ip') },
    ],
    [
      '409: problem ip_msisdn_mismatch, title reads',
      conflict,
      { responseBody: conflict.responseBody.replace('Conflict', 'Oh no') },
    ],
    ['429: header Retry-After', conflict, { status: 429 }],
  ])('finds: %s', (phrase, exchange, change) => {
    expect(deviationsOf({ ...exchange, ...change }, operations).some((found) => found.includes(phrase))).toBe(true)
  })
})
