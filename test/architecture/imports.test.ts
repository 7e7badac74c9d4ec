import { describe, expect, test } from 'vitest'
import { importViolations } from './import-rules.js'
import { readSources } from './sources.js'

test('imports point one way', () => {
  const sources = readSources('src')
  expect(sources.size).toBeGreaterThan(30)
  expect(importViolations(sources)).toEqual([])
})

const ours = [
  'contracts/provider',
  'contracts/store',
  'lib/crypto',
  'limits/numbers',
  'flow/record',
  'tokens/keys',
  'login/start',
  'express/csrf',
]
const more = [
  'providers/idlayr/mocheck',
  'stores/memory',
  'stores/guard',
  'passport/strategy',
  'client/ladder',
  'simulator/options',
  'testing/fake-clock',
]
const empty = new Map([...ours, ...more].map((name) => [`src/${name}.ts`, '']))

/** What the rules say of one file among otherwise empty ones. */
function judge(path: string, text: string): string[] {
  return importViolations(new Map([...empty, [`src/${path}`, text]]))
}

describe('is refused', () => {
  test.each([
    ['contracts/x.ts', "import type { Seal } from '../lib/crypto.js'"],
    ['contracts/x.ts', "import { randomUUID } from 'node:crypto'"],
    ['lib/x.ts', "import { limits } from '../limits/numbers.js'"],
    ['lib/x.ts', "import type { FlowRecord } from '../flow/record.js'"],
    ['lib/x.ts', "import { connect } from 'node:net'"],
    ['lib/x.ts', "import { parse } from 'libphonenumber-js/max'"],
    ['limits/x.ts', "import type { FlowRecord } from '../flow/record.js'"],
    ['flow/x.ts', "import { start } from '../login/start.js'"],
    ['flow/x.ts', "import type { Context } from '../login/start.js'"],
    ['flow/x.ts', "import type { IncomingMessage } from 'node:http'"],
    ['flow/x.ts', "import { Pool } from 'undici'"],
    ['tokens/x.ts', "import type { FlowRecord } from '../flow/record.js'"],
    ['tokens/x.ts', "import { requireOwnSite } from '../express/csrf.js'"],
    ['login/x.ts', "import { requireOwnSite } from '../express/csrf.js'"],
    ['login/x.ts', "import { moCheck } from '../providers/idlayr/mocheck.js'"],
    ['login/x.ts', "import { MemoryStore } from '../stores/memory.js'"],
    ['providers/x.ts', "import { Pool } from 'undici'"],
    ['providers/x.ts', "import { limits } from '../limits/numbers.js'"],
    ['providers/x.ts', "const simulator = await import('../simulator/options.js')"],
    ['stores/x.ts', "import type { FlowRecord } from '../flow/record.js'"],
    ['stores/redis.ts', "import { createClient } from 'redis'"],
    ['passport/x.ts', "import { moCheck } from '../providers/idlayr/mocheck.js'"],
    ['passport/x.ts', "import jwt from 'jsonwebtoken'"],
    ['passport/x.ts', "import type { Request } from 'express'"],
    ['passport/x.ts', "import passport from 'passport'"],
    ['express/x.ts', "import { PhoneCheckStrategy } from '../passport/strategy.js'"],
    ['express/x.ts', "import { Strategy } from 'passport-custom'"],
    ['express/x.ts', "import jwt = require('jsonwebtoken')"],
    ['express/x.ts', "import { MemoryStore } from '../stores/memory.js'"],
    ['client/x.ts', "import type { Challenge } from '../contracts/provider.js'"],
    ['client/x.ts', "import { randomUUID } from 'node:crypto'"],
    ['client/x.ts', "import { walk } from '@scope/walker/deep'"],
    ['simulator/x.ts', "import { seal } from '../lib/crypto.js'"],
    ['simulator/x.ts', "import type { Outcome } from '../contracts/provider.js'"],
    ['testing/x.ts', "import { MemoryStore } from '../stores/memory.js'"],
    ['testing/x.ts', "type Options = import('../simulator/options.js').Options"],
    ['providers/x.ts', "const { Pool } = require('undici')"],
    ['providers/x.ts', 'const name = "undici"; await import(name)'],
    ['providers/x.ts', "import { gone } from './gone.js'"],
    ['index.ts', "export { createSimulator } from './simulator/options.js'"],
    ['index.ts', "export type { FakeClock } from './testing/fake-clock.js'"],
    ['elsewhere/x.ts', "import { seal } from '../lib/crypto.js'"],
  ])('%s: %s', (path, text) => {
    expect(judge(path, text)).toHaveLength(1)
  })

  test.each(['import', 'import type'])('a circle of `%s`, at any distance', (word) => {
    const files = new Map([
      ['src/flow/a.ts', `${word} { b } from './b.js'`],
      ['src/flow/b.ts', "export { c } from './c.js'"],
      ['src/flow/c.ts', `${word} { b } from './b.js'`],
    ])
    expect(importViolations(files)).toEqual(['cycle: src/flow/b.ts -> src/flow/c.ts -> src/flow/b.ts'])
  })
})

describe('is allowed', () => {
  test.each([
    ['lib/phone-number.ts', "import { parse } from 'libphonenumber-js/max'"],
    ['lib/x.ts', "import { hkdfSync } from 'node:crypto'; import type { Store } from '../contracts/store.js'"],
    ['flow/x.ts', "import { limits } from '../limits/numbers.js'; export type { Store } from '../contracts/store.js'"],
    [
      'login/x.ts',
      "import { guardStore } from '../stores/guard.js'; import type { FlowRecord } from '../flow/record.js'",
    ],
    ['providers/http/connections.ts', "import { Pool } from 'undici'; import { seal } from '../../lib/crypto.js'"],
    ['providers/x.ts', "import { moCheck } from './idlayr/mocheck.js'"],
    ['stores/x.ts', "import { seal } from '../lib/crypto.js'; import type { Store } from '../contracts/store.js'"],
    [
      'passport/base.ts',
      "import { Strategy } from 'passport-custom'; import { requireOwnSite } from '../express/csrf.js'",
    ],
    ['passport/bearer.ts', "import jwt from 'jsonwebtoken'"],
    ['tokens/access-token.ts', "import jwt from 'jsonwebtoken'"],
    ['client/x.ts', "import { ladder } from './ladder.js'"],
    ['testing/x.ts', "import assert from 'node:assert'; import type { Store } from '../contracts/store.js'"],
    ['index.ts', "export { MemoryStore } from './stores/memory.js'"],
    ['lib/x.ts', "// import { Pool } from 'undici'\nexport const text = \"import { Pool } from 'undici'\""],
  ])('%s: %s', (path, text) => {
    expect(judge(path, text)).toEqual([])
  })
})
