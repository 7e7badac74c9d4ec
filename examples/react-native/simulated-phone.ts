import type { OpenResult } from 'passport-phonecheck/client'
import type { Opener } from './mobile-data.ts'
import type { TokenFetcher } from './system-token.ts'

/**
 * Stands in for the vendor's SDK where there is no SIM: a virtual phone of the package's simulator
 * opens the URL. For development only.
 */
export function simulatedPhone(simulator: string, phoneNumber: string): Opener {
  return async (url) => {
    const answer = await remote(simulator, phoneNumber, 'open', { url })
    const { status, body, ...failure } = (await answer.json()) as OpenResult & { status?: number; body?: unknown }
    return status === undefined ? failure : { http_status: status, response_body: body }
  }
}

/** The same for the tokens of its system. */
export function simulatedToken(simulator: string, phoneNumber: string): TokenFetcher {
  return async ({ kind, request }) => {
    const answer = await remote(simulator, phoneNumber, 'token', { kind, request })
    const { token, error: code, error_description } = (await answer.json()) as OpenResult & { token?: string }
    if (token === undefined) throw Object.assign(new Error(String(error_description)), { code })
    return token
  }
}

function remote(simulator: string, phoneNumber: string, what: string, fields: object): Promise<Response> {
  return fetch(`${simulator}/_simulator/phones/${encodeURIComponent(phoneNumber)}/${what}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(fields),
    credentials: 'omit',
  })
}
