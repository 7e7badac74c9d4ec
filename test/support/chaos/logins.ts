import type { Simulator } from 'passport-phonecheck/simulator'
import type { Answer, AppProcess } from './fleet.js'

/** A login up to the request that redeems it. */
export interface Begun {
  number: string
  flow: string
  path: string
  body: { flow: string; code: string }
}

export async function beginSilent(sim: Simulator, app: AppProcess, number: string, ladder = 'silent'): Promise<Begun> {
  const { flow, challenge } = began(await app.post(`/${ladder}`, { phone_number: number }))
  const end = await sim.phone(number).open(challenge.url)
  if (!('body' in end)) throw new Error('the phone has no mobile data')
  const { code } = end.body as { code: string }
  return { number, flow, path: `/${ladder}/verify`, body: { flow, code } }
}

export async function beginCode(sim: Simulator, app: AppProcess, number: string): Promise<Begun> {
  const { flow } = began(await app.post('/code', { phone_number: number }))
  return { number, flow, path: '/code/verify', body: { flow, code: codeOf(sim, number) } }
}

/** A login whose text the phone has sent. */
export async function beginText(
  sim: Simulator,
  app: AppProcess,
  number: string,
): Promise<Omit<Begun, 'body'> & { body: { flow: string } }> {
  const { flow, challenge } = began(await app.post('/mo', { phone_number: number }))
  await sim.phone(number).send(challenge.to, challenge.body)
  return { number, flow, path: '/mo/verify', body: { flow } }
}

/** The code in the newest message. */
export function codeOf(sim: Simulator, number: string): string {
  return /\b(\d{4})\b/.exec(sim.phone(number).inbox.at(-1)?.text ?? '')?.[1] ?? ''
}

export function began(answer: Answer): Answer['body'] {
  if (answer.status !== 201) throw new Error(`start answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}
