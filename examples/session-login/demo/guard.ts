import type { Handler } from 'express'

/**
 * Answers under one name only. `localhost` is another site to a browser, whose cookies a redirect
 * to 127.0.0.1 would miss; and any further name is one that somebody has pointed at this machine.
 */
export function oneHost(origin: string): Handler {
  const { host, port } = new URL(origin)
  return (req, res, next) => {
    const asked = req.headers.host
    if (asked === host) next()
    else if (asked === `localhost:${port}`) res.redirect(307, origin + req.originalUrl)
    else res.status(421).type('text').send(`This demo answers on ${origin} only.`)
  }
}

/** Keeps pages of other sites away from the demo's remote control. */
export const ownPagesOnly: Handler = (req, res, next) => {
  const site = req.headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') next()
  else res.status(403).json({ error: 'The demo is controlled by its own page only.' })
}
