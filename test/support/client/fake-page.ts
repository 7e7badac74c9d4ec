import type { StorageLike } from 'passport-phonecheck/client'
import { vi } from 'vitest'

/** A place like sessionStorage. */
export function storage(content: Record<string, string> = {}): StorageLike & { content: Record<string, string> } {
  return {
    content,
    getItem: (key) => content[key] ?? null,
    setItem(key, value) {
      content[key] = value
    },
    removeItem(key) {
      delete content[key]
    },
  }
}

/** A page, as far as is needed. Ends with `vi.unstubAllGlobals()`. */
export function page(href = 'https://app.example/login') {
  const window = new EventTarget()
  const assign = vi.fn<(url: string) => void>()
  const location = { href, assign }
  const replaceState = vi.fn((_state: unknown, _title: string, to: string) => {
    location.href = to
  })
  vi.stubGlobal('location', location)
  vi.stubGlobal('history', { state: { mine: 1 }, replaceState })
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window))
  return {
    assign,
    location,
    replaceState,
    show: (persisted: boolean) => window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted })),
  }
}
