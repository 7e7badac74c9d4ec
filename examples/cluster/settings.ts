import { randomBytes } from 'node:crypto'
import type { IdlayrOptions } from 'passport-phonecheck'

/** What the first process finds out, and the workers are told. */
export interface Settings {
  idlayr: IdlayrOptions
  redisUrl: string
  port: number
  secret: string
  /** What all keys begin with. */
  prefix: string
}

/** Settings for a real account, or undefined when there is none. @throws Error when only a part is set */
export function readAccount(env: NodeJS.ProcessEnv): Pick<Settings, 'idlayr' | 'secret'> | undefined {
  const { PHONECHECK_CLIENT_ID: clientId, PHONECHECK_CLIENT_SECRET: clientSecret, PHONECHECK_SECRET: secret } = env
  if (!clientId && !clientSecret) return undefined
  if (!clientId || !clientSecret || !secret)
    throw new Error('Set PHONECHECK_CLIENT_ID, PHONECHECK_CLIENT_SECRET and PHONECHECK_SECRET.')
  return { idlayr: { brand: 'idlayr', region: 'eu', clientId, clientSecret }, secret }
}

export function simulatedAccount(baseUrl: string): Pick<Settings, 'idlayr' | 'secret'> {
  return { idlayr: { baseUrl, clientId: 'demo', clientSecret: 'demo' }, secret: randomBytes(32).toString('base64') }
}
