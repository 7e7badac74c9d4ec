import { within } from '../wire-values.js'

export interface PostgresAnswer {
  rows: unknown[]
  rowCount: number | null
}

/** What we use of a connection of the pool. */
export interface PostgresClient {
  query(statement: { text: string; values: unknown[] }): Promise<PostgresAnswer>
  release(destroy?: boolean): void
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** What we use of a `Pool` of `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
}

const ignore = () => {}

/**
 * One statement on one connection of the pool, waiting for the connection included. There is no
 * transaction around it, so none is left open.
 *
 * Not `pool.query`: it would send a statement after its caller was told that it failed, and leave
 * one that hangs on a connection that others then wait for.
 */
export function askOnce(
  pool: PostgresPool,
  text: string,
  values: unknown[],
  timeoutMs: number,
): Promise<PostgresAnswer> {
  let late = false
  let giveBack: ((broken: boolean) => void) | undefined
  const ask = async (): Promise<PostgresAnswer> => {
    const client = await pool.connect()
    if (late) {
      client.release()
      throw new Error('a connection came too late')
    }
    // A connection that breaks says so to a listener as well, and without one ends the process.
    client.on('error', ignore)
    giveBack = (broken) => {
      giveBack = undefined
      client.release(broken)
      client.removeListener('error', ignore)
    }
    try {
      const answer = await client.query({ text, values })
      giveBack?.(false)
      return answer
    } catch (error) {
      giveBack?.(true)
      throw error
    }
  }
  return within(timeoutMs, ask, () => {
    late = true
    giveBack?.(true)
  })
}
