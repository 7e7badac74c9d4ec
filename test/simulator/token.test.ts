import { afterEach, describe, expect, it } from 'vitest'
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.js'
import { checksPath, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
const start = async (options: SimulatorOptions = {}) => {
  const world = await setUp(options)
  sim = world.sim
  return world
}
afterEach(() => sim.close())

describe('the token endpoint', () => {
  it('grants a bearer token for the scopes asked', async () => {
    const { app } = await start()
    const answer = await app.authorize('phone_check coverage')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^\S{20,}$/),
      token_type: 'bearer',
      expires_in: 3600,
      scope: 'phone_check coverage',
    })
  })

  it.each([
    ['no credentials', null, 'grant_type=client_credentials', 401, 'invalid_client'],
    ['an empty secret', 'app:', 'grant_type=client_credentials', 401, 'invalid_client'],
    ['an empty id', ':secret', 'grant_type=client_credentials', 401, 'invalid_client'],
    ['no grant type', 'app:secret', 'scope=phone_check', 400, 'invalid_request'],
    ['another grant type', 'app:secret', 'grant_type=password', 400, 'unsupported_grant_type'],
    [
      'an unknown scope',
      'app:secret',
      'grant_type=client_credentials&scope=phone_check+everything',
      400,
      'invalid_scope',
    ],
  ])('refuses %s', async (_, credentials, form, status, error) => {
    const { app } = await start()
    app.token = ''
    const answer = await app.tokenCall(form, credentials)
    expect(answer.status).toBe(status)
    expect(answer.body['error']).toBe(error)
    expect(answer.body['error_description']).toEqual(expect.any(String))
  })

  it('refuses a JSON body', async () => {
    const { app } = await start()
    const authorization = `Basic ${Buffer.from('a:b').toString('base64')}`
    const answer = await app.call('POST', '/oauth2/v1/token', { grant_type: 'client_credentials' }, { authorization })
    expect(answer.body['error']).toBe('invalid_request')
  })

  it('keeps to the clients it was given', async () => {
    const { app } = await start({ clients: { shop: { secret: 'a:b', scopes: ['coverage'] } } })
    const form = 'grant_type=client_credentials&scope='
    expect((await app.tokenCall(`${form}coverage`, 'shop:a:b')).status).toBe(200)
    expect((await app.tokenCall(`${form}coverage`, 'shop:wrong')).body['error']).toBe('invalid_client')
    expect((await app.tokenCall(`${form}coverage`, 'constructor:x')).body['error']).toBe('invalid_client')
    expect((await app.tokenCall(`${form}phone_check`, 'shop:a:b')).body['error']).toBe('invalid_scope')
  })
})

describe('a bearer token', () => {
  it('is required: 401 problem', async () => {
    const { app } = await start()
    app.token = ''
    const answer = await app.create()
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body['type']).toBe('https://developer.tru.id/docs/reference/api-errors#unauthorized')
    app.token = 'made-up'
    expect((await app.create()).status).toBe(401)
  })

  it('needs the scope: 403 problem', async () => {
    const { app } = await start()
    await app.authorize('coverage')
    const answer = await app.create()
    expect(answer.status).toBe(403)
    expect(answer.body['type']).toMatch(/#forbidden$/)
  })

  it('ends with its lifetime, to the millisecond', async () => {
    const { app, clock } = await start({ tokenTtlSeconds: 60 })
    clock.advance(59_999)
    expect((await app.create()).status).toBe(201)
    clock.advance(1)
    expect((await app.create()).status).toBe(401)
  })

  it('ends with expireTokens and with revoke', async () => {
    const { app } = await start()
    sim.expireTokens()
    expect((await app.create()).status).toBe(401)
    await app.authorize()
    expect((await app.tokenCall(`token=${app.token}`, 'other:x', '/oauth2/v1/revoke')).status).toBe(200)
    expect((await app.create()).status).toBe(201)
    expect((await app.tokenCall(`token=${app.token}`, 'app:x', '/oauth2/v1/revoke')).status).toBe(200)
    expect((await app.create()).status).toBe(401)
  })

  it('shows and keeps the rate limit', async () => {
    const { app, clock } = await start({ behaviour: { rateLimitPerHour: 2 } })
    const first = await app.create()
    expect(first.headers.get('x-ratelimit-limit')).toBe('2')
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1')
    expect(Number(first.headers.get('x-ratelimit-reset'))).toBe(clock.now() / 1000 + 3600)
    await app.create()
    const third = await app.call('GET', checksPath)
    expect(third.status).toBe(429)
    expect(third.headers.get('retry-after')).toBe('3600')
    expect(third.body['type']).toMatch(/#too_many_requests$/)
    clock.advance(3_600_000)
    await app.authorize()
    expect((await app.create()).status).toBe(201)
  })
})
