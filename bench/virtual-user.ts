import { type Answer, Connection } from './connection.js'
import { userOf } from './users.js'
import { codeOf } from './vendor.js'

/** How a contestant ties the redeemer to the starter, and proves a login afterwards. */
export type Face = 'session' | 'token'

const ownPage = 'Sec-Fetch-Site: same-origin\r\n'

/** One pending login as its owner sees it. */
export interface Begun {
  number: string
  cookies: string[]
  redeem: { flow?: string; code: string }
}

/**
 * A person with a phone whose SIM has the right number. Checks every answer: a contestant that cuts
 * a corner ends the benchmark.
 */
export class VirtualUser {
  readonly #face: Face
  readonly #connection: Connection
  #last: { begun: Begun; proof: string } | undefined

  constructor(port: number, face: Face) {
    this.#connection = new Connection(port)
    this.#face = face
  }

  async start(number: string): Promise<Begun> {
    const answer = await this.#connection.post('/login/phone', { phone_number: number }, this.#headers([]))
    if (answer.status !== 201) throw new Error(`start answered ${answer.status}: ${answer.body}`)
    const { flow, challenge } = JSON.parse(answer.body)
    const id = /\/checks\/([^/]+)\/redirect$/.exec(challenge?.url)?.[1]
    if (id === undefined) throw new Error(`start gave no check URL: ${answer.body}`)
    return { number, cookies: answer.cookies, redeem: { ...(flow !== undefined && { flow }), code: codeOf(id) } }
  }

  redeem({ cookies, redeem }: Begun): Promise<Answer> {
    return this.#connection.post('/login/phone/verify', redeem, this.#headers(cookies))
  }

  /** Start and redeem. @throws Error unless the answer names this number's user */
  async logIn(number: string): Promise<void> {
    const begun = await this.start(number)
    const answer = await this.redeem(begun)
    const user = answer.status === 200 ? userIn(answer) : undefined
    if (user !== userOf(number)) throw new Error(`verify answered ${answer.status} to ${number}: ${answer.body}`)
    const proof =
      this.#face === 'session'
        ? cookieHeader(answer.cookies)
        : `Authorization: Bearer ${JSON.parse(answer.body).access_token}\r\n`
    this.#last = { begun, proof }
  }

  /** Whether the last login opened a door that is closed to everybody else. */
  async isLoggedIn(): Promise<boolean> {
    if (!this.#last) return false
    const own = await this.#connection.get('/me', this.#last.proof)
    const strangers = await this.#connection.get('/me')
    return own.status === 200 && JSON.parse(own.body).id === userOf(this.#last.begun.number) && strangers.status === 401
  }

  /** Whether the last login's redeem is refused when it comes again. */
  async isReplayRefused(): Promise<boolean> {
    if (!this.#last) return false
    const { status } = await this.redeem(this.#last.begun)
    return status >= 400 && status < 500
  }

  close(): void {
    this.#connection.close()
  }

  #headers(cookies: string[]): string {
    return this.#face === 'session' ? ownPage + cookieHeader(cookies) : ''
  }
}

let issued = 0

/** Numbers of one country, no two alike before some millions of them. */
export function nextNumber(): string {
  issued += 1
  return `+1202${2_000_000 + ((issued * 7_919) % 7_999_999)}`
}

function cookieHeader(cookies: string[]): string {
  return cookies.length === 0 ? '' : `Cookie: ${cookies.join('; ')}\r\n`
}

function userIn({ body }: Answer): unknown {
  const { id, access_token: token } = JSON.parse(body)
  if (typeof token !== 'string') return id
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub
}
