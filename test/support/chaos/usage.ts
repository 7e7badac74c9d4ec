/** What a process holds on to. */
export interface Usage {
  /** Bytes of live objects, after a collection. */
  heap: number
  /** How many sockets, servers and timers are open, by kind. */
  open: Record<string, number>
}

/** Lets the parent ask this process for its {@link Usage}. Needs --expose-gc. */
export function reportUsage(): void {
  process.on('message', (message: unknown) => {
    if (message !== 'usage') return
    globalThis.gc?.()
    globalThis.gc?.()
    const open: Record<string, number> = {}
    for (const kind of process.getActiveResourcesInfo()) open[kind] = (open[kind] ?? 0) + 1
    process.send?.({ usage: { heap: process.memoryUsage().heapUsed, open } satisfies Usage })
  })
}
