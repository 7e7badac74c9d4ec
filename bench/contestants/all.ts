import type { Contestant } from './contestant.js'
import { handWritten } from './hand-written.js'
import { limit } from './limit.js'
import { limitInExpress, limitInExpressWithJwt } from './limit-in-express.js'
import { oursWithSession } from './ours.js'
import { oursOnPostgres, oursOnRedis } from './ours-elsewhere.js'
import { oursWithJwt } from './ours-jwt.js'

/** The first is what the others are compared with. */
export const contestants: readonly Contestant[] = [
  limit,
  limitInExpress,
  limitInExpressWithJwt,
  handWritten,
  oursWithSession,
  oursWithJwt,
  oursOnRedis,
  oursOnPostgres,
]
