import { generateKeyPairSync, sign } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { SimulatorOptions } from '../../src/simulator/index.js'
import { fragmentOf, type VonageClient, vonageClient } from '../support/simulator/vonage.js'

let vonage: VonageClient
const begin = async (options: SimulatorOptions = {}) => {
  vonage = await vonageClient(options)
}
afterEach(() => vonage.sim.close())

describe('who may call', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = (claims: object = {}, alg = 'RS256', key = privateKey) => {
    const iat = Math.floor(vonage.clock.now() / 1000)
    const signed = `${encode({ alg, typ: 'JWT' })}.${encode({ application_id: 'app', iat, exp: iat + 60, jti: 'j', ...claims })}`
    return `Bearer ${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
  }

  it.each(['', 'Basic ', 'Basic a2V5Og==', 'Bearer x', 'Bearer a.b.c', 'Bearer a.b.c.d'])('not "%s"', async (given) => {
    await begin()
    vonage.authorization = given
    const answer = await vonage.create()
    expect([answer.status, fragmentOf(answer)]).toEqual([401, 'unauthorized'])
  })

  it('only the accounts given, if any are', async () => {
    await begin({ vonageKeys: { key: 'other' } })
    expect((await vonage.create()).status).toBe(401)
    for (const user of ['constructor', '__proto__']) {
      vonage.authorization = `Basic ${btoa(`${user}:x`)}`
      expect((await vonage.create()).status).toBe(401)
    }
    vonage.authorization = `Basic ${btoa('key:other')}`
    expect((await vonage.create()).status).toBe(202)
  })

  it('an application by the signature of its key, for as long as its token says', async () => {
    await begin({ vonageApplications: { app: pem } })
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const now = Math.floor(vonage.clock.now() / 1000)
    const refused = [
      token({}, 'none'),
      token({}, 'HS256'),
      token({}, 'RS256', stranger),
      token({ application_id: 'x' }),
    ]
    for (const given of [...refused, token({ jti: undefined }), token({ application_id: 'constructor' })]) {
      vonage.authorization = given
      expect(fragmentOf(await vonage.create())).toBe('unauthorized')
    }
    for (const claims of [{ exp: now }, { exp: now - 60 }, { iat: now + 3600 }, { iat: now - 900, exp: undefined }]) {
      vonage.authorization = token(claims)
      expect(fragmentOf(await vonage.create())).toBe('jwt-expired')
    }
    vonage.authorization = token()
    expect((await vonage.create()).status).toBe(202)
    vonage.clock.advance(60_000)
    expect(fragmentOf(await vonage.create())).toBe('jwt-expired')
  })
})
