/** Both results. When one fails, the other is waited for, and a `second` that succeeded alone is undone. */
export async function bothOrUndo<A, B>(first: Promise<A>, second: Promise<B>, undo: () => Promise<void>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value]
  if (b.status === 'fulfilled') await undo()
  throw a.status === 'rejected' ? a.reason : (b as PromiseRejectedResult).reason
}
