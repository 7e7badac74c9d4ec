import { queue } from './queue.ts'

/** What the server's verify and refresh routes answer. */
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  /** Life of the access token, in seconds. */
  readonly expires_in: number
}

/** One secret in the Keychain or Keystore. Not AsyncStorage: that is a plain file. */
export interface SecretBox {
  read(): Promise<string | null>
  write(secret: string): Promise<void>
  clear(): Promise<void>
}

export interface SessionSettings {
  /** Origin of the server. */
  readonly api: string
  readonly box: SecretBox
  /** For tests. */
  readonly now?: () => number
}

/** With its slash: without it, the access token could go to another host. */
export type Path = `/${string}`

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Undefined until the box has been read. */
export type SignedIn = boolean | undefined

export interface Session {
  /** A store for `useSyncExternalStore`. */
  readonly subscribe: (listener: () => void) => () => void
  readonly signedIn: () => SignedIn
  /** At the start of the app. Needs no network. */
  restore(): Promise<void>
  keep(tokens: Tokens): Promise<void>
  /** A request in the user's name. Rejects as fetch does; an answer of 401 means that the login is over. */
  request(path: Path, options?: RequestOptions): Promise<Response>
  /** This device. Works without network too: the server's part then ends by itself, after a week. */
  signOut(): Promise<void>
}

/** Seconds before its end at which an access token is not used any more. */
const margin = 30
/** How long the server may take for new tokens: whatever needs them waits. */
const patienceMs = 15_000

/** Keeps a login: the refresh token in the box, the access token in memory only. */
export function createSession({ api, box, now = Date.now }: SessionSettings): Session {
  const listeners = new Set<() => void>()
  let signedIn: SignedIn
  let refreshToken: string | null = null
  let access: { readonly token: string; readonly until: number } | undefined

  function show(next: SignedIn): void {
    signedIn = next
    for (const listener of listeners) listener()
  }

  // A refresh token is good once, and the server ends a login whose token comes twice. So whatever
  // changes the tokens goes one after the other.
  const inTurn = queue()

  async function take(answer: unknown): Promise<void> {
    const { access_token, refresh_token, expires_in }: Partial<Tokens> = Object(answer)
    if (!access_token || !refresh_token || !expires_in) throw new Error('The server answered without tokens')
    refreshToken = refresh_token
    access = { token: access_token, until: now() + (expires_in - margin) * 1000 }
    const kept = await attempt(() => box.write(refresh_token).then(() => true), false)
    // The one before is used up, and would look stolen after the next start of the app.
    if (!kept) await empty()
    show(true)
  }

  async function drop(): Promise<void> {
    refreshToken = null
    access = undefined
    await empty()
    show(false)
  }

  /** A box that cannot be cleared can often be written: nothing in it is as good as no entry. */
  async function empty(): Promise<void> {
    const cleared = await attempt(() => box.clear().then(() => true), false)
    if (!cleared) await attempt(() => box.write(''), undefined)
  }

  async function post(path: string, fields: object): Promise<{ status: number; body: unknown }> {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), patienceMs)
    try {
      const { signal } = controller
      const headers = { 'Content-Type': 'application/json' }
      const answer = await fetch(api + path, {
        method: 'POST',
        headers,
        body: JSON.stringify(fields),
        credentials: 'omit',
        signal,
      })
      return { status: answer.status, body: answer.status === 200 ? await answer.json() : undefined }
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * @param refused an access token that the server did not take.
   * @returns the one to use; undefined when nobody is signed in
   */
  function freshToken(refused?: string): Promise<string | undefined> {
    return inTurn(async () => {
      if (access && access.token !== refused && now() < access.until) return access.token
      if (!refreshToken) return undefined
      const { status, body } = await post('/token/refresh', { refresh_token: refreshToken })
      if (status === 401) await drop()
      // The login may be well: an outage must not sign anybody out.
      else if (status !== 200) throw new Error(`The tokens could not be refreshed: ${status}`)
      else await take(body)
      return access?.token
    })
  }

  function send(path: Path, { headers, ...options }: RequestOptions, token: string | undefined): Promise<Response> {
    const authorized = token ? { ...headers, Authorization: `Bearer ${token}` } : headers
    return fetch(api + path, { ...options, ...(authorized && { headers: authorized }), credentials: 'omit' })
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    signedIn: () => signedIn,
    restore: () =>
      inTurn(async () => {
        if (signedIn !== undefined) return
        // A box that cannot be opened just now keeps what it has.
        refreshToken = (await attempt(() => box.read(), null)) || null
        show(refreshToken !== null)
      }),
    keep: (tokens) => inTurn(() => take(tokens)),
    async request(path, options = {}) {
      const token = await freshToken()
      const answer = await send(path, options, token)
      if (answer.status !== 401 || !token) return answer
      // Revoked, or the clock of the phone is wrong: the server's word counts, and it is asked once more.
      const next = await freshToken(token)
      return next ? send(path, options, next) : answer
    },
    signOut: () =>
      inTurn(async () => {
        const token = refreshToken
        await drop()
        if (token) await attempt<unknown>(() => post('/token/logout', { refresh_token: token }), undefined)
      }),
  }
}

/** Native modules throw where they are missing, and reject where the phone is locked. */
async function attempt<T>(use: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await use()
  } catch {
    return otherwise
  }
}
