import { instrument } from 'passport-phonecheck/otel'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.js'
import { calls, ladderApp, Visitor } from '../support/ladder.js'
import { begin, beginWithCode } from '../support/login.js'
import { readText } from '../support/markdown.js'
import { recorder } from '../support/otel.js'

function instrumented() {
  const recorded = recorder()
  onTestFinished(instrument(recorded.api))
  return recorded
}

test('a login is a tree of spans, with ids on spans and never on metrics', async () => {
  const { spans, points } = instrumented()
  const app = await startApp()
  const { browser, id, flow, code } = await beginWithCode(app)
  await browser.post('/login/phone/verify', { flow, code })
  expect(spans.every(({ ended, failed }) => ended && !failed)).toBe(true)
  const tree = spans.filter(({ name }) => !name.includes('store')).map(({ name, parent }) => [name, parent])
  expect(tree).toEqual([
    ['phonecheck start', undefined],
    ['phonecheck rung', 'phonecheck start'],
    ['phonecheck provider start', 'phonecheck rung'],
    ['phonecheck redeem', undefined],
    ['phonecheck provider redeem', 'phonecheck redeem'],
  ])
  expect(spans.find(({ name }) => name === 'phonecheck redeem')?.attributes).toEqual({
    'phonecheck.flow.id': id,
    'phonecheck.purpose': 'login',
    'phonecheck.method': 'phonecheck',
    'phonecheck.vendor': 'idlayr',
    'phonecheck.country': 'US',
    'phonecheck.outcome': 'verified',
  })
  expect(JSON.stringify(points)).not.toContain(id)
  expect(points.filter(({ metric }) => metric === 'phonecheck.verdicts')).toMatchObject([
    { attributes: { 'phonecheck.outcome': 'verified', 'phonecheck.operator': expect.stringMatching(/^[0-9]{5,6}$/) } },
  ])
  const ofEvents = points.filter(({ metric }) => metric === 'phonecheck.events')
  expect(ofEvents.map(({ attributes }) => attributes['phonecheck.event.type'])).toEqual(
    expect.arrayContaining(['flow_started', 'identity_verified']),
  )
})

test('an outage is a failed span; what a user did wrong is none', async () => {
  const { spans } = instrumented()
  const app = await startApp()
  const { browser, flow } = await begin(app)
  expect((await browser.post('/login/phone/verify', { flow, code: 'wrong' })).status).toBe(401)
  expect(spans.at(-1)).toMatchObject({ ended: true })
  expect(spans.some(({ failed }) => failed)).toBe(false)
  const redeem = spans.find(({ name }) => name === 'phonecheck redeem')
  expect(redeem?.attributes).toMatchObject({ 'error.type': 'invalid_code', 'phonecheck.outcome': 'invalid_code' })
  app.sim.fault({ match: 'POST /phone_check/v0.2/checks', status: 500, times: 9 })
  await begin(app).catch(() => {})
  expect(spans.filter(({ failed }) => failed).map(({ name }) => name)).toEqual([
    'phonecheck start',
    'phonecheck provider start',
  ])
})

test('the application’s own span is the parent, and an ended instrumentation hears nothing', async () => {
  const { api, spans, active } = recorder()
  const stop = instrument(api)
  onTestFinished(stop)
  const around = { name: 'POST /login' } as never
  const app = await startApp({ before: (express) => express.use((_req, _res, next) => active.run(around, next)) })
  await begin(app)
  expect(spans[0]).toMatchObject({ name: 'phonecheck start', parent: 'POST /login' })
  stop()
  spans.length = 0
  await begin(app)
  expect(spans).toEqual([])
})

test('every metric and label of the dashboard is one that logins yield, by its name in Prometheus', async () => {
  const { points } = instrumented()
  const app = await ladderApp('handle')
  const silent = new Visitor(app)
  expect((await silent.silent((await silent.start()).body.challenge.url)).status).toBe(200)
  app.sim.fault({ match: calls.create, status: 503, times: 9 })
  expect((await new Visitor(app, '+12025550142').start()).status).toBe(201)
  app.phone.context.emit({ type: 'misconfiguration', code: 'trust_proxy_missing', message: 'x' })
  app.phone.context.emit({ type: 'step_refused', step: 'start', code: 'cooldown', flowId: 'x' } as never)

  const labels = new Map<string, Set<string>>()
  for (const { metric, attributes } of points) {
    const name = metric.replaceAll('.', '_')
    const known = labels.get(name) ?? new Set(['le', '__name__'])
    for (const label of Object.keys(attributes)) known.add(label.replaceAll('.', '_'))
    labels.set(name, known)
  }
  const { panels }: { panels: { targets: { expr: string }[] }[] } = JSON.parse(
    readText('docs/guides/grafana-dashboard.json'),
  )
  expect(panels.length).toBeGreaterThan(8)
  for (const query of panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))) {
    // Exporters of OpenTelemetry differ in whether the unit becomes part of a name.
    const series =
      /\bphonecheck_(?:events|verdicts)(?=_total\b)|phonecheck_step_duration(?=\(_seconds\)\?_(?:bucket|count))/g
    const [metric = '', ...others] = new Set(query.match(series))
    expect(others).toEqual([])
    const rest = query.replaceAll(series, '')
    const used = rest.match(/\bphonecheck_\w+|\berror_type\b/g) ?? []
    expect(used.length, query).toBeGreaterThan(0)
    for (const label of used) expect([...(labels.get(metric) ?? [])], query).toContain(label)
  }
})
