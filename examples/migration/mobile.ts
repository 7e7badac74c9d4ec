/** What the vendor's SDK resolves with: the last answer of the check URL, or its own failure. */
export interface CellularAnswer {
  http_status?: number
  response_body?: unknown
  error?: string
  error_description?: string
}

export interface Sdk {
  openWithDataCellular(url: string): Promise<CellularAnswer>
}

export interface Answer {
  status: number
  body: Record<string, unknown>
}

export async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json().catch(() => ({}))) as Record<string, unknown> }
}

/**
 * The steps of the tutorial's mobile app after the move. Three lines of it are other than they
 * were, and are marked.
 */
export async function register(api: string, sdk: Sdk, phoneNumber: string): Promise<Answer> {
  const registered = await post(`${api}/api/register`, { phone_number: phoneNumber })
  if (registered.status !== 201) return registered
  const { flow, challenge } = registered.body as { flow: string; challenge: { url: string } } // was data.checkId and data.checkUrl
  const opened = await sdk.openWithDataCellular(challenge.url)
  return post(`${api}/api/exchange-code`, { flow, ...brought(opened) }) // flow is new
  // And the verdict is the status of this answer: 200 with tokens, or a problem with a code. It was data.match.
}

/** What the phone brings back: the last answer as it is, or why there is none. */
export function brought({ response_body, error }: CellularAnswer): object {
  const body = Object(response_body) as { check_id?: string; type?: string }
  if (body.check_id) return body
  // A refusal before the operator was asked is a problem document, named by the fragment of its type.
  return { error: error ?? body.type?.split('#')[1] ?? 'sdk_error' }
}
