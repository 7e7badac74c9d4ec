/** The three services as small servers on this machine, in the shapes of their requests and answers. */
import { randomInt, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import express, { type Express } from 'express'

/** Delivers a text; the terminal in `server.ts`. */
export type Deliver = (message: { to: string; code: string }) => void

export interface Stub {
  url: string
  server: Server
}

/** The open check of each number, which is all that Prelude and Plivo keep. */
interface Open {
  id: string
  to: string
  code: string
  wrong: number
}

class Checks {
  readonly #checks = new Map<string, Open>()
  readonly #deliver: Deliver

  constructor(deliver: Deliver) {
    this.#deliver = deliver
  }

  open(to: string, digits: number, known?: Open): Open {
    const code = String(randomInt(10 ** digits)).padStart(digits, '0')
    const check = known ?? { id: randomUUID(), to, code, wrong: 0 }
    this.#checks.set(check.id, check)
    this.#deliver({ to, code: check.code })
    return check
  }

  of = (to: string) => [...this.#checks.values()].find((check) => check.to === to)
  find = (id: string) => this.#checks.get(id)

  /** A right code ends the check, and so does the third wrong one. */
  judge(check: Open | undefined, code: unknown): 'right' | 'wrong' | 'unknown' {
    if (check === undefined) return 'unknown'
    const isRight = check.code === code
    if (!isRight) check.wrong += 1
    if (isRight || check.wrong >= 3) this.#checks.delete(check.id)
    return isRight ? 'right' : 'wrong'
  }
}

export const stubs = {
  prelude(deliver: Deliver) {
    const checks = new Checks(deliver)
    const app = express().use(express.json())
    app.post('/v2/verification', (req, res) => {
      const to: string = req.body.target.value
      const known = checks.of(to)
      const { id } = checks.open(to, req.body.options.code_size, known)
      res.json({ id, status: known ? 'retry' : 'success', method: 'message', request_id: randomUUID() })
    })
    app.post('/v2/verification/check', (req, res) => {
      const check = checks.of(req.body.target.value)
      const status = { right: 'success', wrong: 'failure', unknown: 'expired_or_not_found' }
      res.json({ id: check?.id, status: status[checks.judge(check, req.body.code)], request_id: randomUUID() })
    })
    return listen(app)
  },

  plivo(deliver: Deliver) {
    const checks = new Checks(deliver)
    const app = express().use(express.json())
    app.post('/v1/Account/:account/Verify/Session', (req, res) => {
      const { recipient, code_length } = req.body
      const { id } = checks.open(recipient, code_length, checks.of(recipient))
      res.status(202).json({ api_id: randomUUID(), message: 'Session initiated', session_uuid: id })
    })
    app.post('/v1/Account/:account/Verify/Session/:id', (req, res) => {
      const verdict = checks.judge(checks.find(req.params.id), req.body.otp)
      const api_id = randomUUID()
      if (verdict === 'right') res.json({ api_id, message: 'session validated successfully.' })
      else res.status(verdict === 'wrong' ? 400 : 404).json({ api_id, error: 'not validated' })
    })
    return listen(app)
  },

  sinch(deliver: Deliver) {
    const checks = new Checks(deliver)
    const app = express().use(express.json())
    const path = '/verification/v1/verifications'
    app.post(path, (req, res) => {
      const { id } = checks.open(req.body.identity.endpoint, 4)
      res.json({ id, method: 'sms', sms: { template: 'Your code is {{CODE}}', interceptionTimeout: 300 } })
    })
    app.put(`${path}/id/:id`, (req, res) => {
      const { id } = req.params
      const verdict = checks.judge(checks.find(id), req.body.sms?.code)
      if (verdict === 'unknown') res.status(404).json({ errorCode: 40400, message: 'unknown' })
      else if (verdict === 'right') res.json({ id, method: 'sms', status: 'SUCCESSFUL' })
      else res.json({ id, method: 'sms', status: 'FAIL', reason: 'Invalid code' })
    })
    return listen(app)
  },
}

function listen(app: Express): Promise<Stub> {
  const server = createServer(app)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({ server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` })
    })
  })
}
