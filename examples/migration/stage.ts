import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryStore, moCheck, phoneCheck } from 'passport-phonecheck'
import { type Simulator, startSimulator, type VirtualPhone } from 'passport-phonecheck/simulator'
import { createApp } from './app.js'
import { type Answer, brought, post, type Sdk } from './mobile.js'

export interface Stage {
  /** Origin of the migrated server. */
  api: string
  sim: Simulator
}

/** The migrated server on a free port, with the simulator behind it. */
export async function setStage(): Promise<Stage & { close(): Promise<void> }> {
  const sim = await startSimulator({ port: 0 })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const account = { baseUrl: sim.url, clientId: 'demo', clientSecret: 'demo' }
  server.on(
    'request',
    createApp({
      ladder: [phoneCheck(account), moCheck(account)],
      store: new MemoryStore(),
      secret: randomBytes(32).toString('base64'),
      jwtSecret: randomBytes(32).toString('base64'),
      countries: ['US'],
      origin: api,
    }),
  )
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await sim.close()
  }
  return { api, sim, close }
}

/** A virtual phone, by the one function of the vendor's SDK that the tutorial calls. */
export function sdkOf(phone: VirtualPhone): Sdk {
  return {
    async openWithDataCellular(url) {
      const result = await phone.open(url)
      return 'error' in result ? result : { http_status: result.status, response_body: result.body }
    },
  }
}

export function said({ status, body }: Answer): string {
  return `${status} ${'access_token' in body ? 'tokens' : (body['code'] ?? Object.keys(body).join(' '))}`
}

/** A login up to the point where its phone has a code. */
export async function begun({ api, sim }: Stage, number: string) {
  const { body } = await post(`${api}/api/register`, { phone_number: number })
  const { flow, id, challenge } = body as { flow: string; id: string; challenge: { url: string } }
  const opened = await sdkOf(sim.phone(number)).openWithDataCellular(challenge.url)
  return { flow, id, ...(brought(opened) as { check_id: string; code: string }) }
}

/** The vendor is asked every few seconds, and until it knows, the answer is 409. */
export async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await ask()
    if (answer.status !== 409 || tries === 20) return answer
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
