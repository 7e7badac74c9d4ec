// Prints the walk of one login through this library: which functions of which files a real start, a
// real verify and a real fallback enter, in order. Run: npm run build && node scripts/walk-login.mjs [--summary].
// docs/architecture.md shows its summary.
import { once } from 'node:events'
import { register } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'

register('./walk-hooks.mjs', import.meta.url)
const { default: express } = await import('express')
const { default: passport } = await import('passport')
const { default: session } = await import('express-session')
const { idenfySms, MemoryStore, PhoneCheckStrategy, phoneCheck, phoneCheckErrors } = await import(
  '../dist/esm/index.js'
)
const { startSimulator } = await import('../dist/esm/simulator/index.js')

// Stores stand outside the walk, and so does the clock that this one looks at.
const store = new MemoryStore({
  clock: { now: () => performance.now(), delay: (ms) => delay(ms, undefined, { ref: false }) },
})
const sim = await startSimulator()
const phone = new PhoneCheckStrategy(
  {
    ladder: [
      phoneCheck({ baseUrl: sim.url, clientId: 'client', clientSecret: 'client-secret' }),
      idenfySms({ baseUrl: sim.url, apiKey: 'key', apiSecret: 'secret', senderName: 'Walk' }),
    ],
    store,
    secret: 'a-secret-of-32-bytes-for-the-walk',
    countries: ['US'],
    cookie: { secure: false },
    onEvent: () => {},
  },
  async ({ phoneNumber }) => ({ id: phoneNumber }),
)
passport.use(phone)
passport.serializeUser((user, done) => done(null, user))
const app = express()
app.use(session({ secret: 'x', resave: false, saveUninitialized: false }), passport.session())
app.post('/start', phone.start())
app.post('/verify', passport.authenticate('phonecheck', { failWithError: true }), (_req, res) => res.json({}))
app.post('/fallback', phone.fallback())
app.use(phoneCheckErrors())
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

const origin = `http://127.0.0.1:${server.address().port}`
let cookies = ''
async function post(path, body) {
  const headers = { 'content-type': 'application/json', origin, cookie: cookies }
  const response = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const set = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
  if (set.length > 0) cookies = set.join('; ')
  return { status: response.status, body: await response.json() }
}

/** @returns what was entered while `request` ran */
async function walk(request) {
  const entries = []
  globalThis.__entered = (file, name) => entries.push({ file, name })
  const answer = await request()
  // What goes on after the answer, such as refunds, belongs to the walk.
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.__entered = undefined
  return { answer, entries }
}

async function login() {
  cookies = ''
  const started = await walk(() => post('/start', { phone_number: '+12025550100' }))
  const { challenge, flow, id } = started.answer.body
  const opened = await sim.phone('+12025550100').open(challenge.url)
  const verified = await walk(() =>
    post('/verify', { flow, check_id: opened.body.check_id ?? id, code: opened.body.code }),
  )
  return { started, verified }
}

async function fallBack() {
  cookies = ''
  const { flow } = (await post('/start', { phone_number: '+12025550100' })).body
  await post('/verify', { flow, error: 'sdk_no_data_connectivity' })
  return walk(() => post('/fallback', { flow }))
}

function measure(entries) {
  const steps = entries.filter(({ file }, index) => file !== entries[index - 1]?.file)
  return { files: [...new Set(steps.map(({ file }) => file))], hops: steps.length - 1 }
}

// The first login of a process fetches the vendor's token and compiles patterns: everyday logins are the later ones.
await login()
const { started, verified } = await login()
const fellBack = await fallBack()
for (const [name, { answer, entries }] of [
  ['POST start', started],
  ['POST verify', verified],
  ['POST fallback', fellBack],
]) {
  const isOfProtocol = ({ file }) => !/^(lib|stores|providers)\//.test(file)
  const whole = measure(entries)
  const protocol = measure(entries.filter(isOfProtocol))
  if (process.argv.includes('--summary')) {
    console.log(`${name}: ${answer.status}`)
    for (const layer of new Set(whole.files.map((file) => file.split('/')[0]))) {
      const files = whole.files
        .filter((file) => file.startsWith(`${layer}/`))
        .map((file) => file.slice(layer.length + 1, -'.js'.length))
      console.log(`  ${layer.padEnd(10)} ${files.join(', ')}`)
    }
  } else {
    for (const { file, name: entered } of entries) console.log(`  ${file.padEnd(36)} ${entered}`)
    console.log(`${name}: ${answer.status}, ${entries.length} functions entered`)
    console.log(`  all of src: ${whole.files.length} files, ${whole.hops} hops from file to file`)
    console.log(`  without lib, stores and the vendor's adapter: ${protocol.files.length} files, ${protocol.hops} hops`)
  }
}
server.close()
server.closeAllConnections()
await sim.close()
await phone.close()
