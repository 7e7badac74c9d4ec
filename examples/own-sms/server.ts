/** The app with a gateway that prints to the terminal; see README.md. */
import { randomBytes } from 'node:crypto'
import { ownSms } from 'passport-phonecheck'
import { createApp } from './app.js'

const rung = ownSms({
  brand: 'Acme',
  // In place of your gateway. `messageId` would be its idempotency key, and `signal` ends a call that takes too long.
  send: ({ to, text, messageId }) => console.log(`\nSMS ${messageId} to ${to}\n${text}\n`),
})
const app = createApp({
  rung,
  secret: process.env['PHONECHECK_SECRET'] ?? randomBytes(32).toString('base64'),
  secure: false,
})
const server = app.listen(Number(process.env['PORT'] || 3000), '127.0.0.1', (error?: Error) => {
  if (error) throw error
  const address = server.address()
  console.log(
    `Open http://127.0.0.1:${typeof address === 'object' ? address?.port : ''} and sign in with +12025550100.`,
  )
})
