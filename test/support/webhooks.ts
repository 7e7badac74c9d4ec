import { calls, type LadderApp, ladderApp, Visitor } from './ladder.js'

export const jwks = 'GET /.well-known/jwks.json'

export interface Message {
  headers: Record<string, string>
  body: string
}

export async function waiting() {
  const app = await ladderApp('cookie + body', ['mocheck', 'idenfy-sms'], { webhook: true })
  const visitor = new Visitor(app)
  const { challenge } = (await visitor.start()).body
  const check = app.sim.checks.length
  return { app, visitor, challenge, check }
}

/** An authentic message about the only check there is. */
export async function signed(app: LadderApp, body: object = {}, draft: object = {}): Promise<Message> {
  const [check] = app.sim.moChecks
  const message = await app.sim.signCallback({
    url: `${app.url}/webhooks/phone`,
    product: 'mo_check',
    body: { check_id: check?.checkId, status: 'COMPLETED', verified: true, ...body },
    ...draft,
  })
  return { headers: { ...message.headers }, body: String(message.body) }
}

export async function deliver(
  app: LadderApp,
  { headers, body }: Message,
  path = '/webhooks/phone',
): Promise<{ status: number; code?: string }> {
  const { Host: _, host: __, ...rest } = headers
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...rest },
    body,
  })
  return { status: response.status, code: (await response.json().catch(() => ({}))).code }
}

/** Whether the next status asks the provider although its pace would not let it yet. */
export async function isHinted(app: LadderApp, visitor: Visitor): Promise<boolean> {
  const before = app.sim.count(calls.moRead)
  await visitor.status()
  return app.sim.count(calls.moRead) > before
}

/** A header by any spelling. */
function named(headers: Record<string, string>, name: string): string {
  return Object.keys(headers).find((key) => key.toLowerCase() === name) ?? name
}
export const edit = (message: Message, name: string, change: (value: string) => string): Message => {
  const key = named(message.headers, name)
  return { ...message, headers: { ...message.headers, [key]: change(message.headers[key] ?? '') } }
}
export const without = (message: Message, name: string): Message => {
  const { [named(message.headers, name)]: _, ...headers } = message.headers
  return { ...message, headers }
}
