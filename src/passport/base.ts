import { Strategy } from 'passport-custom'
import type { HttpRequest } from '../express/http-types.js'

/**
 * The actions that Passport puts on a strategy for one request. Exactly one of them must be called.
 *
 * They are properties and not methods, because they are meant to be taken off `this`.
 */
export interface Actions {
  success: (user: object, info?: object) => void
  fail: (challenge: object, status: number) => void
  redirect: (url: string, status?: number) => void
  error: (error: unknown) => void
}

export interface StrategyBase extends Actions {
  name: string
  authenticate(req: HttpRequest, options?: object): void
}

/**
 * passport-custom's strategy with the type it has at run time: its declarations fix the name to 'custom' and leave the actions out.
 * This is the only cast over it, and keeps its types (and with them one major version of Express's) out of ours.
 */
export const Base = Strategy as unknown as abstract new (verify: () => void) => StrategyBase
