import type { OpenResult } from 'passport-phonecheck/client'
import type { Opener } from './mobile-data.ts'

/**
 * Stands in for the vendor's SDK where there is no SIM: a virtual phone of the package's simulator
 * opens the URL. For development only.
 */
export function simulatedPhone(simulator: string, phoneNumber: string): Opener {
  return async (url) => {
    const answer = await fetch(`${simulator}/_simulator/phones/${encodeURIComponent(phoneNumber)}/open`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ url }),
      credentials: 'omit',
    })
    const { status, body, ...failure } = (await answer.json()) as OpenResult & { status?: number; body?: unknown }
    return status === undefined ? failure : { http_status: status, response_body: body }
  }
}
