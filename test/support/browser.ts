/** The part of a browser that matters here: cookies, and the headers a page cannot forge. */
export class Browser {
  readonly origin: string
  readonly cookies = new Map<string, string>()
  /** Every Set-Cookie line received. */
  readonly setCookies: string[] = []

  constructor(origin: string) {
    this.origin = origin
  }

  async request(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie && { cookie }), ...init.headers }
    const response = await fetch(new URL(path, this.origin), { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    return response
  }

  /** A same-origin `fetch` of the page. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', origin: this.origin, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  /** Follows a link from elsewhere, as a provider's redirect does. */
  navigate(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request(path, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', ...headers } })
  }

  #keep(line: string): void {
    this.setCookies.push(line)
    const [pair = '', ...attributes] = line.split('; ')
    const [name = '', value = ''] = pair.split('=')
    if (attributes.some((attribute) => attribute.toLowerCase() === 'max-age=0')) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}
