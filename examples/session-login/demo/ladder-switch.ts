import type { Express, Handler } from 'express'
import { type DemoLadder, type LadderName, ladders } from './ladders.js'

/** What the page shows of the ladders. */
export interface LadderView {
  readonly chosen: LadderName
  readonly ways: string
  readonly scenarios: readonly string[]
}

/** One app for each ladder, made when it is first asked for, and the one that answers now. */
export class LadderSwitch {
  readonly #make: (name: LadderName) => Express
  readonly #apps = new Map<LadderName, Express>()
  readonly #listeners = new Set<() => void>()
  #chosen: LadderName = 'idlayr'

  constructor(make: (name: LadderName) => Express) {
    this.#make = make
  }

  get current(): DemoLadder {
    return ladders[this.#chosen]
  }

  get view(): LadderView {
    const { ways, scenarios } = this.current
    return { chosen: this.#chosen, ways, scenarios }
  }

  choose(name: LadderName): void {
    this.#chosen = name
    for (const listener of this.#listeners) listener()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  readonly handle: Handler = (req, res, next) => {
    const app = this.#apps.get(this.#chosen) ?? this.#begin(this.#chosen)
    app(req, res, next)
  }

  #begin(name: LadderName): Express {
    // Not mounted, so it inherits no settings of the demo, which says where the visitor is.
    const app = this.#make(name).set('trust proxy', 'loopback')
    this.#apps.set(name, app)
    return app
  }
}
