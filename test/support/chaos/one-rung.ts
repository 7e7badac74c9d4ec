import { idenfySms, type PhoneCheckStrategyOptions, phoneCheck } from 'passport-phonecheck'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import { onTestFinished } from 'vitest'
import { startApp, type TestApp, type TestAppOptions } from '../app.js'
import { Browser } from '../browser.js'
import { endless } from '../limits.js'
import { isLoggedIn } from '../login.js'
import { advisedRedis } from '../services.js'
import { freshNumber } from './fleet.js'
import { codeOf } from './logins.js'

export type Rung = 'silent' | 'code'

/** An app of one rung, so that nothing but it can be asked or paid. */
export function appOf(
  rung: Rung,
  strategy: Partial<PhoneCheckStrategyOptions>,
  more: TestAppOptions = {},
): Promise<TestApp> {
  return startApp({
    ladder: ({ url: baseUrl }) => [
      rung === 'silent'
        ? phoneCheck({ baseUrl, clientId: 'client', clientSecret: 'client-secret' })
        : idenfySms({ baseUrl, apiKey: 'key', apiSecret: 'secret', senderName: 'Acme' }),
    ],
    ...more,
    strategy: { countries: ['US'], limits: endless, ...strategy },
  })
}

/** A store at a server of one's own, by a client as the docs advise it; ends with the test. */
export async function redisAt(port: number): Promise<RedisStore> {
  const client = await advisedRedis(port, { enableReadyCheck: false })
  onTestFinished(() => client.disconnect())
  return new RedisStore({ client })
}

export interface Login {
  browser: Browser
  /** How start answered: `201`, or its problem. */
  started: string
  /** Redeems what the phone got. @returns `200`, or the problem */
  verify(): Promise<string>
  hasSession(): Promise<boolean>
}

export async function beginAt({ sim, url }: TestApp): Promise<Login> {
  const browser = new Browser(url)
  const number = freshNumber()
  const start = await browser.post('/login/phone', { phone_number: number })
  const { flow, challenge, code: problem } = await start.json()
  let code = codeOf(sim, number)
  if (challenge?.url !== undefined) {
    const end = await sim.phone(number).open(challenge.url)
    code = 'body' in end ? Reflect.get(Object(end.body), 'code') : ''
  }
  const verify = async () => {
    const answer = await browser.post('/login/phone/verify', { flow, code })
    return answer.ok ? '200' : `${answer.status} ${(await answer.json()).code}`
  }
  const started = start.status === 201 ? '201' : `${start.status} ${problem}`
  return { browser, started, verify, hasSession: () => isLoggedIn(browser) }
}
