import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** An app's webhook endpoint that remembers what it got; answers 200 unless told otherwise. */
export class Receiver {
  readonly received: Received[] = []
  /** Status of the next answers; null answers nothing. */
  status: number | null = 200
  headers: Record<string, string> = {}
  /** Requests whose sender gave up. */
  abandoned = 0
  readonly #server: Server

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      this.received.push({
        target: `${request.method} ${request.url}`,
        headers: request.headers,
        body: Buffer.concat(chunks),
      })
      if (this.status === null) response.on('close', () => (this.abandoned += 1))
      else response.writeHead(this.status, this.headers).end('thanks')
    })
  }

  static async open(): Promise<Receiver> {
    const receiver = new Receiver()
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `http://${this.host}/hooks/phone?tenant=a%20b`
  }

  get bodies(): unknown[] {
    return this.received.map(({ body }) => JSON.parse(body.toString('utf8')))
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

export interface Jwk extends JsonWebKey {
  readonly kid: string
}

export async function jwksOf(origin: string): Promise<Jwk[]> {
  return ((await (await fetch(`${origin}/.well-known/jwks.json`)).json()) as { keys: Jwk[] }).keys
}

/** Verifies a callback as providers' documents say, sharing nothing with the simulator. */
export function isSignedBy(
  keys: readonly Jwk[],
  target: string,
  headers: IncomingHttpHeaders,
  body: Buffer | string,
): boolean {
  const parts =
    /^Signature keyId="([^"]+)",algorithm="rsa-sha256",headers="([^"]+)",signature="([A-Za-z0-9+/=]+)"$/.exec(
      String(headers['authorization']),
    )
  const [, keyId, names = '', signature = ''] = parts ?? []
  const jwk = keys.find(({ kid }) => kid === keyId)
  if (jwk === undefined || names !== '(request-target) host date x-tru-callback digest') return false
  if (headers['digest'] !== `SHA-256=${createHash('sha256').update(body).digest('base64')}`) return false
  const [method = '', path = ''] = target.split(' ')
  const lines = [
    `(request-target): ${method.toLowerCase()} ${path}`,
    `host: ${headers['host']}`,
    `date: ${headers['date']}`,
    `x-tru-callback: ${String(headers['x-tru-callback'])}`,
    `digest: ${headers['digest']}`,
  ]
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verify('RSA-SHA256', Buffer.from(lines.join('\n')), key, Buffer.from(signature, 'base64'))
}
