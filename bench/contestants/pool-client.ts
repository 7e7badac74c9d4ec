import { Pool } from 'undici'
import { credentials } from './contestant.js'

export interface VendorAnswer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the vendor says; each field that counts is compared
  body: any
}

export interface PoolClient {
  create(number: string): Promise<VendorAnswer>
  redeem(checkId: string, code: string): Promise<VendorAnswer>
  close(): Promise<void>
}

const checks = '/phone_check/v0.2/checks'

/** The vendor's API with the least effort: one keep-alive pool and a cached token, and nothing for bad days. */
export function poolClient(vendorUrl: string): PoolClient {
  const pool = new Pool(vendorUrl)
  const basic = `Basic ${Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64')}`
  let bearer: Promise<{ value: string; until: number }> | undefined

  async function fetchToken() {
    const { body } = await pool.request({
      method: 'POST',
      path: '/oauth2/v1/token',
      headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials&scope=phone_check',
    })
    const { access_token, expires_in } = (await body.json()) as { access_token: string; expires_in: number }
    return { value: `Bearer ${access_token}`, until: Date.now() + (expires_in - 60) * 1000 }
  }

  async function call(method: 'POST' | 'PATCH', path: string, type: string, body: object): Promise<VendorAnswer> {
    bearer ??= fetchToken()
    if ((await bearer).until < Date.now()) bearer = fetchToken()
    const headers = { authorization: (await bearer).value, 'content-type': type }
    const answer = await pool.request({ method, path, headers, body: JSON.stringify(body) })
    return { status: answer.statusCode, body: JSON.parse(await answer.body.text()) }
  }

  return {
    create: (number) => call('POST', checks, 'application/json', { phone_number: number }),
    redeem: (checkId, code) =>
      call('PATCH', `${checks}/${checkId}`, 'application/json-patch+json', [{ op: 'add', path: '/code', value: code }]),
    close: () => pool.close(),
  }
}

/** The one answer that is a yes. */
export function isMatch({ status, body }: VendorAnswer, checkId: string): boolean {
  return status === 200 && body.check_id === checkId && body.status === 'COMPLETED' && body.match === true
}
