/** One of several processes behind one port. They share nothing but Redis and the secret. */
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Redis } from 'ioredis'
import passport from 'passport'
import { PhoneCheckStrategy, phoneCheck, phoneCheckErrors } from 'passport-phonecheck'
import { RedisStore } from 'passport-phonecheck/stores/redis'
import type { Settings } from './settings.js'

declare global {
  namespace Express {
    interface User {
      id: string
    }
  }
}

export async function work({ idlayr, redisUrl, port, secret, prefix }: Settings): Promise<void> {
  // Fails at once while the connection is lost, instead of queueing: what failed should not be sent later after all.
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
  })
  redis.on('error', (error) => console.error(`redis: ${error.message}`))
  await redis.connect()

  const phone = new PhoneCheckStrategy(
    {
      ladder: [phoneCheck(idlayr)],
      store: new RedisStore({ client: redis, prefix }),
      // The same in all processes: it keys the hashes of numbers, by which limits are counted.
      secret,
    },
    // Your table of users, here a hash in Redis. It may be asked twice for one login, so it must not matter how often.
    async ({ phoneNumber }) => {
      const row = createHmac('sha256', secret).update(phoneNumber).digest('hex')
      await redis.hsetnx(`${prefix}:users`, row, randomUUID())
      const id = await redis.hget(`${prefix}:users`, row)
      return id !== null && { id }
    },
  )
  const auth = new passport.Passport()
  auth.use(phone)

  const app = express()
  app.disable('x-powered-by')
  // For a native app: it keeps the handle, and no cookie is needed. With sessions, give
  // express-session a shared store as well.
  app.post('/login/phone', phone.start({ binding: 'handle' }))
  app.post('/login/phone/status', phone.status())
  app.post(
    '/login/phone/verify',
    auth.authenticate('phonecheck', { session: false, failWithError: true }),
    (req, res) => {
      res.json({ user: req.user, worker: process.pid })
    },
  )
  // For the load balancer: whether this process can serve logins.
  app.get('/ready', async (_req, res) => {
    const readiness = await phone.ready()
    res.status(readiness.ready ? 200 : 503).json(readiness)
  })
  app.use(phoneCheckErrors())

  const server = createServer(app)
  // node:cluster shares the port, also one that the system picks.
  await once(server.listen(port, '127.0.0.1'), 'listening')
  process.send?.({ port: (server.address() as AddressInfo).port })

  process.once('SIGTERM', async () => {
    // No new connections; logins that have begun come to their end, at most 10 s; only then Redis
    // goes, because they need it.
    server.close()
    server.closeIdleConnections()
    await phone.close()
    server.closeAllConnections()
    redis.disconnect()
    process.disconnect?.()
  })
}
