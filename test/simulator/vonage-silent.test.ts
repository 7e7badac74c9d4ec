import { afterEach, describe, expect, it } from 'vitest'
import type { SimulatorOptions } from '../../src/simulator/index.js'
import { type Answer, at, number } from '../support/simulator/simulator.js'
import { fragmentOf, idOf, type VonageClient, vonageClient } from '../support/simulator/vonage.js'

let vonage: VonageClient
const begin = async (options: SimulatorOptions = {}) => {
  vonage = await vonageClient(options)
}
afterEach(() => vonage.sim.close())

describe('the check URL', () => {
  const url = (created: Answer) => at(created.body, 'check_url')

  it('ends in a code, which is good for one check', async () => {
    await begin()
    const created = await vonage.silent()
    expect(fragmentOf(await vonage.check(created, 'early1'))).toBe('no-code')
    const opened = await vonage.sim.phone(number).open(url(created))
    expect(opened).toMatchObject({ status: 200, body: { request_id: idOf(created), code: expect.any(String) } })
    expect((await vonage.check(created, at(opened.body, 'code'))).body['status']).toBe('completed')
  })

  it('takes one wrong code', async () => {
    await begin()
    const created = await vonage.silent()
    const opened = await vonage.sim.phone(number).open(url(created))
    expect(fragmentOf(await vonage.check(created, 'wrong1'))).toBe('invalid-code')
    expect((await vonage.check(created, at(opened.body, 'code'))).status).toBe(410)
  })

  it('is walked once', async () => {
    await begin()
    const created = await vonage.silent()
    await vonage.sim.phone(number).open(url(created))
    expect(await vonage.sim.phone(number).open(url(created))).toMatchObject({ status: 409 })
  })

  it('leads a browser back with the code behind the #', async () => {
    await begin()
    const created = await vonage.silent({ redirect_url: 'https://app.example/back?kept=1' })
    const { location = '' } = await vonage.sim.phone(number).browse(url(created))
    const { origin, pathname, search, hash } = new URL(location)
    expect([origin, pathname, search]).toEqual(['https://app.example', '/back', '?kept=1'])
    expect(Object.fromEntries(new URLSearchParams(hash.slice(1)))).toEqual({
      request_id: idOf(created),
      code: expect.any(String),
    })
  })

  it.each<[string, () => void, string, string]>([
    [
      'another SIM',
      () => (vonage.sim.phone(number).sim = '+12025550199'),
      'msisdn-error',
      'Device MSISDN does not match.',
    ],
    [
      'Wi-Fi',
      () => (vonage.sim.phone(number).mobileData = false),
      'precondition-failed',
      'IP Address does not resolve to a cellular device.',
    ],
    [
      'an operator without it',
      () => (vonage.sim.phone(number).operator = 'unsupported'),
      'precondition-failed',
      'Device number does not resolve to a supported Mobile Network Operator.',
    ],
    [
      'an operator that fails',
      () => (vonage.sim.phone(number).operator = 'mno_timeout'),
      'network-error',
      'The silent auth verification cannot be completed.',
    ],
  ])('of a phone with %s gives no code, and ends the request', async (_, change, type, words) => {
    await begin({ behaviour: { vonageErrorId: true } })
    change()
    const inBody = await vonage.silent({ coverage_check: false })
    const { body } = await vonage.sim.phone(number).browse(url(inBody))
    expect(body).toMatchObject({ type: expect.stringMatching(new RegExp(`#${type}$`)), detail: words })
    const behind = await vonage.silent({ coverage_check: false, redirect_url: 'https://app.example/back' })
    const { location = '' } = await vonage.sim.phone(number).browse(url(behind))
    expect(Object.fromEntries(new URLSearchParams(new URL(location).hash.slice(1)))).toEqual({
      request_id: idOf(behind),
      error_description: words,
    })
    expect((await vonage.check(behind, 'any123')).status).toBe(404)
  })

  it('is over after a minute', async () => {
    await begin()
    const created = await vonage.silent()
    vonage.clock.advance(60_000)
    expect(await vonage.sim.phone(number).open(url(created))).toMatchObject({ status: 404 })
  })
})
