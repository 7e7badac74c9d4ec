import type { Reply } from './reply.js'
import type { SimRequest } from './request.js'

export type Handler = (request: SimRequest) => Reply | Promise<Reply>

export interface Route {
  readonly method: string
  /** Path with `:name` segments. */
  readonly path: string
  /** Who calls this at a real vendor: the app's server or the user's device. */
  readonly from: 'server' | 'device'
  readonly handle: Handler
}

export interface Found {
  readonly route: Route
  readonly params: Record<string, string>
}

/** The route, or the methods that the path would have, or an empty list for an unknown path. */
export function findRoute(routes: readonly Route[], method: string, path: string): Found | readonly string[] {
  const allowed: string[] = []
  for (const route of routes) {
    const params = matchPath(route.path, path)
    if (params === undefined) continue
    if (route.method === method) return { route, params }
    allowed.push(route.method)
  }
  return allowed
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, want] of wanted.entries()) {
    const segment = given[index] ?? ''
    if (want.startsWith(':')) {
      const value = decode(segment)
      if (value === undefined || value === '') return undefined
      params[want.slice(1)] = value
    } else if (want !== segment) return undefined
  }
  return params
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
