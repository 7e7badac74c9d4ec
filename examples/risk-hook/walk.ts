/** Three logins against the simulator, printed step by step; see README.md. */
import { randomBytes } from 'node:crypto'
import { ownSms, phoneCheck } from 'passport-phonecheck'
import { startSimulator } from 'passport-phonecheck/simulator'
import { createApp } from './app.js'
import { simSwap } from './sim-swap.js'

const sim = await startSimulator()
let code = ''
const app = createApp({
  ladder: [
    ownSms({
      brand: 'Acme',
      send: (message) => {
        code = message.code
      },
    }),
    phoneCheck({ baseUrl: sim.url, clientId: 'client', clientSecret: 'secret' }),
  ],
  simSwapped: simSwap({ tokenUrl: `${sim.url}/camara/token`, apiRoot: sim.url, clientId: 'app', clientSecret: 's' }),
  secret: randomBytes(32).toString('base64'),
  secure: false,
  onEvent: () => {},
})
const server = app.listen(0, '127.0.0.1', async (error?: Error) => {
  if (error) throw error
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  for (const [number, hours] of [
    ['+12025550100', undefined],
    ['+12025550111', 100],
    ['+12025550122', 2],
  ] as const) {
    if (hours !== undefined) sim.override(number, { camara: { swappedHoursAgo: hours } })
    console.log(`\n${number}, ${hours === undefined ? 'an old SIM' : `a SIM that was swapped ${hours} hours ago`}`)
    await login(origin, number)
  }
  server.close()
  await sim.close()
})

async function login(origin: string, number: string): Promise<void> {
  let cookie = ''
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json', origin, cookie }
    const answer = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })
    for (const set of answer.headers.getSetCookie()) cookie += `${set.split(';')[0]}; `
    const said = await answer.json()
    const { method, code: problem, reason, fallback } = said
    console.log(`  ${path}: ${answer.status}`, JSON.stringify({ method, code: problem, reason, fallback }))
    return { status: answer.status, said }
  }
  const { status, said } = await post('/login/phone', { phone_number: number })
  if (status !== 201) return
  const { flow } = said
  const verified = await post('/login/phone/verify', { flow, code })
  if (verified.said.reason !== 'step_up') return
  const next = await post('/login/phone/fallback', { flow })
  const { body } = await sim.phone(number).open(next.said.challenge.url)
  await post('/login/phone/verify', { flow, ...body })
}
