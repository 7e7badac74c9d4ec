import type { CountResult, Hit } from '../../../src/contracts/store.js'
import { NaiveStore } from './naive-store.js'

/** A round trip to a database. */
const roundTrip = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Reads and decides, then writes after a round trip. */
class RacyCount extends NaiveStore {
  override async count(hits: readonly Hit[]): Promise<CountResult> {
    const verdict = await super.count(
      hits.map((hit): Hit => ({ ...hit, cost: 0 })).filter((_, index) => hits[index]?.cost !== -1),
    )
    if (!verdict.allowed) return verdict
    await roundTrip()
    for (const hit of hits)
      await super.count([hit.cost === 0 || hit.maxWindowSeconds ? hit : { ...hit, limit: Number.POSITIVE_INFINITY }])
    return verdict
  }
}

class CountsRefusals extends NaiveStore {
  override async count(hits: readonly Hit[]) {
    const verdict = await super.count(hits)
    if (!verdict.allowed)
      for (const hit of hits) if (hit.cost !== -1) await super.count([{ ...hit, limit: Number.POSITIVE_INFINITY }])
    return verdict
  }
}

class ChargesOneByOne extends NaiveStore {
  override async count(hits: readonly Hit[]): Promise<CountResult> {
    for (const hit of hits) {
      const verdict = await super.count([hit])
      if (!verdict.allowed) return verdict
    }
    return { allowed: true }
  }
}

class FirstHitOnly extends NaiveStore {
  override count(hits: readonly Hit[]) {
    return super.count(hits.slice(0, 1))
  }
}

class OneTooMany extends NaiveStore {
  override count(hits: readonly Hit[]) {
    return super.count(hits.map((hit) => ({ ...hit, limit: hit.limit + 1 })))
  }
}

class ZeroMeansNoLimit extends NaiveStore {
  override count(hits: readonly Hit[]) {
    return super.count(hits.map((hit) => ({ ...hit, limit: hit.limit || Number.POSITIVE_INFINITY })))
  }
}

class SlidingWindow extends NaiveStore {
  protected override hitWindow(hit: Hit) {
    const seconds = super.hitWindow(hit)
    const window = this.windows.get(hit.key)
    if (window && seconds === 0 && hit.cost !== 0) window.endsAt = this.clock.now() + hit.windowSeconds * 1000
    return seconds
  }
}

class BelowZero extends NaiveStore {
  protected override hitWindow(hit: Hit) {
    const window = this.windows.get(hit.key)
    if (hit.cost !== -1) return super.hitWindow(hit)
    if (window) window.hits--
    else this.windows.set(hit.key, { hits: -1, endsAt: this.clock.now() + hit.windowSeconds * 1000 })
    return 0
  }
}

class AskingCharges extends NaiveStore {
  override count(hits: readonly Hit[]) {
    return super.count(hits.map((hit) => ({ ...hit, cost: hit.cost === 0 ? 1 : (hit.cost ?? 1) })))
  }
}

class NoConsecutiveMode extends NaiveStore {
  protected override hitLock(hit: Hit) {
    return this.hitWindow(hit)
  }
}

class LocksDoNotGrow extends NaiveStore {
  protected override hitLock(hit: Hit, maxWindowSeconds: number) {
    const seconds = super.hitLock(hit, maxWindowSeconds)
    const lock = this.locks.get(hit.key)
    if (lock) lock.length = hit.windowSeconds
    return seconds
  }
}

class LocksWithoutCap extends NaiveStore {
  protected override hitLock(hit: Hit) {
    return super.hitLock(hit, 1e9)
  }
}

class OneKeySpace extends NaiveStore {
  override async count(hits: readonly Hit[]) {
    const verdict = await super.count(hits)
    for (const { key } of hits) await super.insert(key, '1', 60)
    return verdict
  }
}

class KeepsCounters extends NaiveStore {
  override async remove(key: string) {
    this.rows.delete(key)
  }
}

/** Each breaks one promise about counters, in a way that a real backend does when one forgets about it. */
export const brokenCounters = {
  RacyCount,
  CountsRefusals,
  ChargesOneByOne,
  FirstHitOnly,
  OneTooMany,
  ZeroMeansNoLimit,
  SlidingWindow,
  BelowZero,
  AskingCharges,
  NoConsecutiveMode,
  LocksDoNotGrow,
  LocksWithoutCap,
  OneKeySpace,
  KeepsCounters,
}
