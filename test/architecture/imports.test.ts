import { describe, expect, test } from 'vitest'
import { importViolations } from './import-rules.js'
import { readSources } from './sources.js'

test('imports point one way', () => {
  const sources = readSources('src')
  expect(sources.size).toBeGreaterThan(30)
  expect(importViolations(sources)).toEqual([])
})

const ours = ['core/flow', 'core/seal', 'providers/provider', 'providers/mocheck', 'stores/store', 'stores/memory', 'express/start']
const more = ['passport/strategy', 'client/ladder', 'simulator/world', 'testing/fake-clock']
const empty = new Map([...ours, ...more].map((name) => [`src/${name}.ts`, '']))

/** What the rules say of one file among otherwise empty ones. */
function judge(path: string, text: string): string[] {
  return importViolations(new Map([...empty, [`src/${path}`, text]]))
}

describe('is refused', () => {
  test.each([
    ['core/x.ts', "import { start } from '../express/start.js'"],
    ['core/x.ts', "import type { Handler } from '../express/start.js'"],
    ['core/x.ts', "import { unableReason } from '../providers/provider.js'"],
    ['core/x.ts', "import { type Provider } from '../providers/provider.js'"],
    ['core/x.ts', "import type { MemoryStore } from '../stores/memory.js'"],
    ['core/x.ts', "import { connect } from 'node:net'"],
    ['core/x.ts', "import type { IncomingMessage } from 'node:http'"],
    ['core/x.ts', "import { Pool } from 'undici'"],
    ['providers/x.ts', "import { Pool } from 'undici'"],
    ['providers/x.ts', "export { store } from '../stores/store.js'"],
    ['providers/x.ts', "import { parse } from 'libphonenumber-js/max'"],
    ['providers/x.ts', "const tokens = await import('../simulator/world.js')"],
    ['stores/x.ts', "import type { Provider } from '../providers/provider.js'"],
    ['stores/redis.ts', "import { createClient } from 'redis'"],
    ['passport/x.ts', "import { moCheck } from '../providers/mocheck.js'"],
    ['passport/x.ts', "import jwt from 'jsonwebtoken'"],
    ['passport/x.ts', "import type { Request } from 'express'"],
    ['passport/x.ts', "import passport from 'passport'"],
    ['express/x.ts', "import { PhoneCheckStrategy } from '../passport/strategy.js'"],
    ['express/x.ts', "import { Strategy } from 'passport-custom'"],
    ['express/x.ts', "import jwt = require('jsonwebtoken')"],
    ['express/x.ts', "import { MemoryStore } from '../stores/memory.js'"],
    ['client/x.ts', "import type { Challenge } from '../providers/provider.js'"],
    ['client/x.ts', "import { randomUUID } from 'node:crypto'"],
    ['client/x.ts', "import { walk } from '@scope/walker/deep'"],
    ['simulator/x.ts', "import { seal } from '../core/seal.js'"],
    ['simulator/x.ts', "import type { Outcome } from '../providers/provider.js'"],
    ['testing/x.ts', "import { MemoryStore } from '../stores/memory.js'"],
    ['testing/x.ts', "type World = import('../simulator/world.js').World"],
    ['providers/x.ts', "const { Pool } = require('undici')"],
    ['providers/x.ts', 'const name = "undici"; await import(name)'],
    ['providers/x.ts', "import { gone } from './gone.js'"],
    ['elsewhere/x.ts', "import { flow } from '../core/flow.js'"],
  ])('%s: %s', (path, text) => {
    expect(judge(path, text)).toHaveLength(1)
  })

  test('a cycle at run time, at any distance', () => {
    const files = new Map([
      ['src/core/a.ts', "import { b } from './b.js'"],
      ['src/core/b.ts', "export { c } from './c.js'"],
      ['src/core/c.ts', "import { b } from './b.js'"],
    ])
    expect(importViolations(files)).toEqual(['cycle: src/core/b.ts -> src/core/c.ts -> src/core/b.ts'])
  })
})

describe('is allowed', () => {
  test.each([
    ['core/x.ts', "import { hkdfSync } from 'node:crypto'; import { parse } from 'libphonenumber-js/max'; import ip from 'ipaddr.js'"],
    ['core/x.ts', "import type { Provider } from '../providers/provider.js'; export type { Store } from '../stores/store.js'"],
    ['providers/connections.ts', "import { Pool } from 'undici'; import { seal } from '../core/seal.js'"],
    ['providers/x.ts', "import { moCheck } from './mocheck.js'"],
    ['stores/x.ts', "import { seal } from '../core/seal.js'; import type { Store } from './store.js'"],
    ['passport/base.ts', "import { Strategy } from 'passport-custom'; import { start } from '../express/start.js'"],
    ['passport/bearer.ts', "import jwt from 'jsonwebtoken'"],
    ['express/jwt.ts', "import jwt from 'jsonwebtoken'; import type { Provider } from '../providers/provider.js'"],
    ['client/x.ts', "import { ladder } from './ladder.js'"],
    ['testing/x.ts', "import assert from 'node:assert'; import type { Store } from '../stores/store.js'"],
    ['index.ts', "export { MemoryStore } from './stores/memory.js'"],
    ['core/x.ts', "// import { Pool } from 'undici'\nexport const text = \"import { Pool } from 'undici'\""],
  ])('%s: %s', (path, text) => {
    expect(judge(path, text)).toEqual([])
  })

  test('types that name each other', () => {
    const files = new Map([
      ['src/core/a.ts', "import { b } from './b.js'"],
      ['src/core/b.ts', "import type { A } from './a.js'"],
    ])
    expect(importViolations(files)).toEqual([])
  })
})
