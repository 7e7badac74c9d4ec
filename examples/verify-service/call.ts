/** One call to a service: JSON both ways. */
export async function call(
  url: string,
  authorization: string,
  body: object,
  { signal, method = 'POST' }: { signal: AbortSignal; method?: 'POST' | 'PUT' },
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const headers = { authorization, 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, body: JSON.stringify(body), signal, redirect: 'error' })
  // What is no JSON throws, and counts as an outage: of a start it may have sent a message.
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** An answer that is none of those that the service documents. */
export class UnexpectedAnswer extends Error {
  /** These statuses say that nothing was done, so the ladder may go on. */
  readonly untried: boolean

  constructor(status: number) {
    super(`The service answered with HTTP ${status}.`)
    this.untried = [400, 401, 402, 403, 429].includes(status)
  }
}
