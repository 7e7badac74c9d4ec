import type { Express } from 'express'

/** The routes of a contestant with sessions that are not part of a login. */
export function addSessionDoors(app: Express): void {
  app.get('/me', (req, res) => {
    if (req.user) res.json(req.user)
    else res.status(401).json({})
  })
  // What Passport does with the session store for any login whatever: the yardstick for ours.
  app.post('/bare-login', (req, res, next) => {
    req.logIn({ id: 'somebody' }, (error) => (error ? next(error) : res.json({})))
  })
}
