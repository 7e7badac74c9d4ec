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
