import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { firebasePnv } from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.js'
import { number, startApp, type TestApp } from '../support/app.js'
import { Browser } from '../support/browser.js'
import { jwksCall, pnv, project } from '../support/firebase.js'
import { isLoggedIn } from '../support/login.js'

const other = '+12025550144'
const invalid = { outcome: 'invalid_code' }
const issuer = `https://fpnv.googleapis.com/projects/${project.projectNumber}`

const app = () => startApp({ ladder: (sim) => [firebasePnv({ ...project, baseUrl: sim.url })] })

/** A login that has begun, with what its device must sign. */
async function begin(own: TestApp, phoneNumber = number) {
  const browser = new Browser(own.url)
  const { flow, challenge } = await (await browser.post('/login/phone', { phone_number: phoneNumber })).json()
  return { browser, flow, challenge }
}
const bring = ({ browser, flow }: { browser: Browser; flow: string }, code: string) =>
  browser.post('/login/phone/verify', { flow, code })

describe('a login', () => {
  test('by the phone with the SIM ends in the app that began it, and tells nobody the number', async () => {
    const own = await app()
    const login = await begin(own)
    const answer = await bring(login, await own.sim.phone(number).token(login.challenge))
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { user: { id: `user-of-${number}` }, method: 'firebase-pnv' },
    ])
    expect(JSON.stringify(own.events)).not.toContain(number.slice(1))
  })

  test('of a stranger is not won by a token that my phone made for my own login', async () => {
    const own = await app()
    const [mine, theirs] = [await begin(own), await begin(own)]
    const token = await own.sim.phone(number).token(mine.challenge)
    expect(await (await bring(theirs, token)).json()).toMatchObject({ code: 'invalid_code' })
    expect(await isLoggedIn(theirs.browser)).toBe(false)
    expect((await bring(mine, token)).status).toBe(200)
  })

  test('is not won twice by one token', async () => {
    const own = await app()
    const login = await begin(own)
    const token = await own.sim.phone(number).token(login.challenge)
    await bring(login, token)
    for (const who of [login, await begin(own)]) expect((await bring(who, token)).status).toBe(401)
    expect(own.verified.count).toBe(1)
  })

  test('is not won by the token of another SIM', async () => {
    const own = await app()
    const login = await begin(own)
    const answer = await bring(login, await own.sim.phone(other).token(login.challenge))
    expect(await answer.json()).toMatchObject({ code: 'mismatch' })
    expect(await isLoggedIn(login.browser)).toBe(false)
  })

  test.each(['random', 'absent'] as const)(
    'is not won by a token whose nonce is %s, as the one-call SDK makes it',
    async (nonce) => {
      const own = await app()
      own.sim.behaviour.pnvNonce = nonce
      const login = await begin(own)
      const answer = await bring(login, await own.sim.phone(number).token(login.challenge))
      expect(await answer.json()).toMatchObject({ code: 'invalid_code' })
    },
  )
})

describe('a token is refused', () => {
  test.each<[string, object]>([
    ['without a nonce', { claims: { nonce: undefined } }],
    ['with an empty nonce', { claims: { nonce: '' } }],
    ['with the nonce in a list', { claims: { nonce: [''] } }],
    ['of another project', { claims: { iss: 'https://fpnv.googleapis.com/projects/999999999999' } }],
    ['of an issuer that begins like ours', { claims: { iss: `${issuer}0` } }],
    ['of our issuer in another spelling', { claims: { iss: `${issuer}/` } }],
    ['without an issuer', { claims: { iss: undefined } }],
    ['for another project', { claims: { aud: ['https://fpnv.googleapis.com/projects/999999999999'] } }],
    ['for our number and another id', { claims: { aud: [issuer, 'https://fpnv.googleapis.com/projects/x'] } }],
    ['for our number alone, as a text', { claims: { aud: issuer } }],
    ['without an audience', { claims: { aud: undefined } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['without an end', { claims: { exp: undefined } }],
    ['with an end that is a text', { claims: { exp: '9999999999' } }],
    ['without a beginning', { claims: { iat: undefined } }],
    ['of the future', { claims: { iat: 9e9, exp: 9.1e9 } }],
    ['that is not valid yet', { claims: { nbf: 9e9 } }],
    ['of another type', { header: { typ: 'at+jwt' } }],
    ['without a type', { header: { typ: undefined } }],
    ['without a key id', { header: { kid: undefined } }],
    ['with a key id that is a number', { header: { kid: 5 } }],
    ['by an unknown key', { header: { kid: 'other' } }],
    ['with alg none', { header: { alg: 'none' }, sign: () => '' }],
    ['with a critical extension', { header: { crit: ['x'], x: 1 } }],
    ['that is encrypted as zip', { header: { b64: false, crit: ['b64'] } }],
  ])('%s', async (_name, draft) => {
    const { judge } = await pnv()
    expect(await judge(draft)).toEqual(invalid)
    expect(await judge()).toEqual({ outcome: 'verified' })
  })

  test('signed by a key of the attacker under a kid of the issuer', async () => {
    const { judge } = await pnv()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const forged = (text: string) =>
      sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    expect(await judge({ sign: forged })).toEqual(invalid)
  })

  test.each(['jwk', 'jku', 'x5u'])('that brings its own key as %s', async (member) => {
    const { sim, judge } = await pnv()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const own = { jwk: publicKey.export({ format: 'jwk' }), jku: `${sim.url}/evil`, x5u: `${sim.url}/evil` }
    const forged = (text: string) =>
      sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    expect(await judge({ header: { [member]: own[member as 'jwk'] }, sign: forged })).toEqual(invalid)
    expect(sim.requests.map(({ path }) => path)).toEqual(['/v1beta/jwks'])
  })

  test('signed by HMAC under the public key (algorithm confusion)', async () => {
    const { sim, judge } = await pnv()
    const { keys } = (await (await fetch(`${sim.url}/v1beta/jwks`)).json()) as { keys: [JsonWebKey] }
    const secret = JSON.stringify(keys[0])
    const forged = (text: string) => createHmac('sha256', secret).update(text).digest('base64url')
    expect(await judge({ header: { alg: 'HS256' }, sign: forged })).toEqual(invalid)
  })

  test('after its end, as expired', async () => {
    const { sim, clock, start, redeem } = await pnv()
    sim.behaviour.pnvTokenSeconds = 60
    const { check, nonce } = await start()
    const token = sim.signPnvToken({ phoneNumber: number, nonce })
    await clock.advance(121_000)
    expect(await redeem(check, token)).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  test('that is older than any check, though it has not ended', async () => {
    const { clock, judge } = await pnv()
    const iat = Math.floor(clock.now() / 1000) - 241
    expect(await judge({ claims: { iat } })).toEqual({ outcome: 'unable', reason: 'expired' })
  })

  test('of a test number, unless those are allowed, and then for that number alone', async () => {
    const zeros = '+34000000000'
    const of = { phoneNumber: zeros }
    for (const [allowTestNumbers, phoneNumber, outcome] of [
      [false, zeros, 'invalid_code'],
      [true, zeros, 'verified'],
      [true, number, 'mismatch'],
    ] as const) {
      const { sim, start, redeem } = await pnv({ allowTestNumbers })
      const { check, nonce } = await start(phoneNumber)
      expect(await redeem(check, sim.signPnvToken({ ...of, nonce }))).toEqual({ outcome })
    }
  })

  test.each(['nonce', 'phoneNumber'])('by a check without its %s', async (name) => {
    const { sim, start, redeem } = await pnv()
    const { check, nonce } = await start()
    const { [name]: _, ...state } = check.state as Record<string, unknown>
    const token = sim.signPnvToken({ phoneNumber: number, nonce })
    for (const broken of [{ ...check, state }, { id: check.id }])
      expect(await redeem(broken, token)).toEqual({ outcome: 'unable', reason: 'other' })
    expect(sim.count(jwksCall)).toBe(0)
  })
})

describe('a poisoned JWKS', () => {
  const evil = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const forged = (text: string) =>
    sign('sha256', Buffer.from(text), { key: evil.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')

  test('with two keys of one kid lets neither sign', async () => {
    const { sim, judge } = await pnv()
    sim.fault({
      match: jwksCall,
      patchBody: ({ keys }) => {
        const [key] = keys as [{ kid: string }]
        return { keys: [key, { ...evil.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig', alg: 'ES256' }] }
      },
    })
    expect(await judge()).toEqual(invalid)
    expect(await judge({ sign: forged })).toEqual(invalid)
  })

  test.each<[string, object]>([
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
    ['a key for encryption', { ...evil.publicKey.export({ format: 'jwk' }), use: 'enc' }],
    ['a key of another curve', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })],
    ['a private key', evil.privateKey.export({ format: 'jwk' })],
  ])('with %s signs nothing by it', async (_name, jwk) => {
    const { sim, judge } = await pnv()
    sim.fault({ match: jwksCall, patchBody: ({ keys }) => ({ keys: [...(keys as []), { ...jwk, kid: 'evil' }] }) })
    expect(await judge({ header: { kid: 'evil' }, sign: forged })).toEqual(invalid)
    expect(await judge()).toEqual({ outcome: 'verified' })
  })

  test('with a right key of another algorithm signs nothing by it either', async () => {
    const { sim, judge } = await pnv()
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', use: 'sig', alg: 'RS256' }
    sim.fault({ match: jwksCall, patchBody: ({ keys }) => ({ keys: [...(keys as []), jwk] }) })
    const signed = (text: string) => sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url')
    expect(await judge({ header: { alg: 'RS256', kid: 'rsa' }, sign: signed })).toEqual(invalid)
  })

  test('that sends us on to another server is not followed', async () => {
    const { sim, judge } = await pnv()
    sim.fault({ match: jwksCall, status: 302, headers: { location: `${sim.url}/evil` } })
    await expect(judge()).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect(sim.requests.map(({ path }) => path)).toEqual(['/v1beta/jwks'])
  })

  test('that is larger than any is not read', async () => {
    // Such an answer is asked for again, after a moment of the real clock.
    const { sim, judge } = await pnv({ clock: systemClock })
    sim.fault({ match: jwksCall, hugeBody: 1_000_000 })
    await expect(judge()).rejects.toMatchObject({ code: 'provider_unavailable' })
  })
})
