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

/** An answer before it is put on the wire, where faults may still spoil it. Header names keep their spelling. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type JsonObject = Record<string, unknown>

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  // Native SDKs parse a body only under a header spelled exactly like this.
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

export function hal(status: number, value: unknown): Reply {
  return json(status, value, { 'Content-Type': 'application/hal+json' })
}

export function redirectTo(location: string, headers: Record<string, string> = {}): Reply {
  return { status: 302, headers: { Location: location, ...headers }, body: '' }
}

/** The reply with these headers in place of any it has by the same names, however spelled. */
export function withHeaders(reply: Reply, headers: Readonly<Record<string, string>>): Reply {
  const replaced = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const kept = Object.entries(reply.headers).filter(([name]) => !replaced.has(name.toLowerCase()))
  return { ...reply, headers: { ...Object.fromEntries(kept), ...headers } }
}

/** The media type without parameters, lower case; '' when absent. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The parsed body, or undefined when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
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
