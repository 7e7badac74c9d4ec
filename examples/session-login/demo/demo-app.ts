import { join } from 'node:path'
import express, { type Express } from 'express'
import { controlRoutes, type DemoParts } from './control.js'
import { eventStream } from './events.js'
import { oneHost, ownPagesOnly } from './guard.js'
import { operatorReturn } from './ladders.js'
import { decorate } from './pages.js'
import { watchApp } from './watch.js'

const files = join(import.meta.dirname, 'public')

/** Wraps the app of the chosen ladder into everything that makes it a demo. */
export function createDemo(origin: string, parts: DemoParts): Express {
  const demo = express()
  demo.disable('x-powered-by')
  demo.set('trust proxy', 'loopback')
  demo.use(oneHost(origin))
  demo.use('/demo', ownPagesOnly, express.static(files, { index: false }), controlRoutes(parts))
  demo.get('/demo/events', ownPagesOnly, eventStream(parts))
  // The page's device is the virtual phone.
  demo.get('/device.js', (_req, res) => {
    res.type('js').send("export { device } from '/demo/device.js'\n")
  })
  demo.use((req, _res, next) => {
    // The app sees the visitor where the virtual phone is: on its operator's network, or on Wi-Fi.
    req.headers['x-forwarded-for'] = parts.phone.address
    next()
  })
  // An app's own opener takes over here, and hands what the operator said to the app.
  demo.get(operatorReturn, (req, res) => void res.json(req.query))
  demo.use(watchApp(parts.phone, parts.log), decorate, parts.choice.handle)
  return demo
}
