import type { RequestListener } from 'node:http'
import type { Face } from '../virtual-user.js'
import type { CountedSessions, CountedStore } from './counted.js'

export interface Setting {
  vendorUrl: string
  /** Flows to put into the store before the first login. */
  pending: number
}

/** A server that is ready to be measured. */
export interface Running {
  listener: RequestListener
  /** What it counts, where it has one. */
  store?: CountedStore
  sessions?: CountedSessions
  close?(): Promise<void>
}

export interface Contestant {
  name: string
  face: Face
  /** Whether it keeps its flows outside its process. */
  onDatabase?: true
  /**
   * How many times as many logins a round of it has, for those so fast that a round would be over
   * too soon. Default 1.
   */
  pace?: number
  /** For the table. */
  what: string
  /** Why it cannot take part here and now; undefined when it can. */
  absent?(): Promise<string | undefined>
  run(setting: Setting): Promise<Running>
}

export const credentials = { clientId: 'client', clientSecret: 'client-secret' }
export const secret = 'b3f1c0d9a7e84562b3f1c0d9a7e84562'
