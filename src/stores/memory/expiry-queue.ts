/**
 * What an entry carries so that a {@link ExpiryQueue} can chain it. Part of the entry itself: a
 * queue beside it would cost a second object per entry.
 */
export interface Queued<Self> {
  readonly key: string
  /** When its time to live began, in milliseconds of the store's clock. */
  since: number
  lane: ExpiryQueue<Self> | undefined
  older: Self | undefined
  newer: Self | undefined
}

/**
 * Entries that live equally long, in the order in which their time began: the oldest is always the
 * next to expire, so nothing has to be sorted or searched. Being linked both ways, an entry leaves
 * from the middle at once and no tombstone waits for its turn.
 */
export class ExpiryQueue<Item> {
  readonly ttlMs: number
  oldest: Item | undefined = undefined
  newest: Item | undefined = undefined

  constructor(ttlMs: number) {
    this.ttlMs = ttlMs
  }
}

export function append<Item extends Queued<Item>>(lane: ExpiryQueue<Item>, item: Item): void {
  item.lane = lane
  item.older = lane.newest
  if (lane.newest) lane.newest.newer = item
  else lane.oldest = item
  lane.newest = item
}

export function unlink<Item extends Queued<Item>>(lane: ExpiryQueue<Item>, item: Item): void {
  if (item.older) item.older.newer = item.newer
  else lane.oldest = item.newer
  if (item.newer) item.newer.older = item.older
  else lane.newest = item.older
  item.lane = undefined
  item.older = undefined
  item.newer = undefined
}
