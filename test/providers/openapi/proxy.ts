import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Exchange } from './deviations.js'

export interface WireProxy {
  readonly url: string
  /** Origin of what it stands in front of. Set it before the first request. */
  target: string
  readonly exchanges: readonly Exchange[]
}

/**
 * Stands between a client and the simulator and writes down what both say. Puts its own origin in
 * place of the simulator's wherever that appears, so that links and redirects lead through it
 * again. Ends with the test.
 */
export async function startProxy(target = ''): Promise<WireProxy> {
  const exchanges: Exchange[] = []
  const server = createServer((incoming, outgoing) => {
    relay(proxy, exchanges, incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const proxy: WireProxy = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, target, exchanges }
  return proxy
}

async function relay(
  proxy: WireProxy,
  exchanges: Exchange[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const requestBody = await text(incoming)
  const { method = 'GET', url = '/', rawHeaders } = incoming
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL(url, proxy.target), { method, headers: rawHeaders, agent: false }, resolve)
      .on('error', reject)
      .end(requestBody)
  })
  const ours = (value: string) => value.replaceAll(proxy.target, proxy.url)
  const responseBody = ours(await text(response))
  // Spelling and order as they came: device SDKs read "Content-Type" and nothing else.
  const headers = response.rawHeaders.map((value, index) =>
    response.rawHeaders[index - 1]?.toLowerCase() === 'content-length' && index % 2 === 1
      ? String(Buffer.byteLength(responseBody))
      : ours(value),
  )
  const status = response.statusCode ?? 0
  const { pathname, searchParams } = new URL(url, proxy.url)
  // Written down before the client can react to the answer.
  exchanges.push({
    method,
    path: pathname,
    query: searchParams,
    requestHeaders: flat(incoming),
    requestBody,
    status,
    responseHeaders: pairs(headers),
    responseBody,
  })
  outgoing.writeHead(status, headers).end(responseBody)
}

function flat({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

function pairs(raw: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    raw.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : [])),
  )
}

async function text(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
