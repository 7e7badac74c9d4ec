interface Cookie {
  readonly host: string
  readonly path: string
  readonly name: string
  readonly value: string
}

/** As many cookie rules as a redirect chain needs: host, path and deletion. Lives for one journey. */
export class CookieJar {
  #cookies: Cookie[] = []

  store(url: URL, setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const equals = pair.indexOf('=')
      if (equals < 1) continue
      const path = attribute(attributes, 'path')
      const cookie: Cookie = {
        host: url.hostname,
        path: path?.startsWith('/') ? path : '/',
        name: pair.slice(0, equals),
        value: pair.slice(equals + 1),
      }
      this.#cookies = this.#cookies.filter(
        (old) => old.host !== cookie.host || old.path !== cookie.path || old.name !== cookie.name,
      )
      if (Number(attribute(attributes, 'max-age') ?? '1') > 0) this.#cookies.push(cookie)
    }
  }

  /** Value of the Cookie header; '' when there is none to send. */
  header(url: URL): string {
    return this.#cookies
      .filter(({ host, path }) => host === url.hostname && covers(path, url.pathname))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }
}

function covers(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

function attribute(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.find((part) => part.toLowerCase().startsWith(`${name}=`))
  return found?.slice(name.length + 1)
}
