/// <reference types="node" preserve="true" />
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Device } from '../phones/phones.js'

/** A request as the routes see it: read to its end, with its sender recognised. */
export interface SimRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly params: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The virtual phone behind the request; undefined for servers, and for visitors who are no virtual phone. */
  readonly device: Device | undefined
  readonly remoteAddress: string
  /** Aborts when the caller goes away. */
  readonly closed: AbortSignal
}

/** The media type without parameters, lower case; '' when absent. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

const maxBodyBytes = 256 * 1024

/** The whole request body, or undefined when it is larger than 256 KiB. Rejects when the caller hangs up. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= maxBodyBytes) chunks.push(chunk)
  }
  return size > maxBodyBytes ? undefined : Buffer.concat(chunks)
}
