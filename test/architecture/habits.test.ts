import { describe, expect, test } from 'vitest'
import { tooComplex } from './complexity.js'
import { defaultExports, maxLines, strayCalls, tooLong } from './habits.js'
import { readSources } from './sources.js'

/** Path to reason. A file that got shorter must leave the list. */
const longFiles: Readonly<Record<string, string>> = {}

/** Path to reason. */
const strays: Readonly<Record<string, string>> = {
  'src/lib/clock.ts': 'The one place where the time of day is read.',
  'src/client/platform.ts': 'The device half imports nothing, so its clock is defined here, and nowhere else.',
}

test(`no file has more than ${maxLines} lines, unless it has a reason`, () => {
  expect(tooLong(readSources('src', 'test', 'examples', 'scripts'))).toEqual(Object.keys(longFiles))
})

test('no function of the protocol has a complexity above 12', () => {
  expect(tooComplex(readSources('src/login', 'src/flow', 'src/limits'), 12)).toEqual([])
})

test('no file has a default export', () => {
  expect(defaultExports(readSources('src', 'test', 'examples'))).toEqual([])
})

test('chance, time and output come from one place each', () => {
  const found = strayCalls(readSources('src')).filter((place) => !place.startsWith('src/simulator/'))
  expect(found.filter((place) => !Object.hasOwn(strays, place.split(':')[0] ?? ''))).toEqual([])
  expect(Object.keys(strays).filter((path) => !found.some((place) => place.startsWith(`${path}:`)))).toEqual([])
})

test.each([
  ['function f(a) { if (a) return 1; return a ? 2 : 3 }', 3],
  ['const f = (a, b = 1) => a && b || (a ?? b)', 5],
  ['function f(a) { switch (a) { case 1: case 2: return 1; default: return 2 } }', 3],
  ['function f(a) { for (const b of a) while (b) try { b() } catch {} }', 4],
  ['function f() { return () => { if (1) return 2 } }', 2],
])('the complexity of `%s` is at most %i', (text, most) => {
  const sources = new Map([['src/x.ts', text]])
  expect(tooComplex(sources, most)).toEqual([])
  expect(tooComplex(sources, most - 1)).toHaveLength(1)
})

describe('goes red on', () => {
  const one = (text: string) => new Map([['src/x.ts', text]])

  test('a long file', () => {
    expect(tooLong(one('a\n'.repeat(maxLines)))).toEqual([])
    expect(tooLong(one('a\n'.repeat(maxLines + 1)))).toEqual(['src/x.ts'])
  })

  test.each([
    'export default 1',
    'export default class {}',
    'export default function f() {}',
    'const a = 1; export { a as default }',
    "export { default } from './y.js'",
    "export * as default from './y.js'",
  ])('the default export %s', (text) => {
    expect(defaultExports(one(text))).toHaveLength(1)
  })

  test.each([
    'Math.random()',
    "Math['random']()",
    'const now = Date.now',
    'Date.now()',
    'new Date()',
    'new Date',
    'globalThis.Date.now()',
    "console.log('x')",
    'globalThis.console.error(1)',
  ])('the call %s', (text) => {
    expect(strayCalls(one(text))).toHaveLength(1)
  })

  test('nothing else', () => {
    const fine =
      "// Math.random()\nexport const a = 'console.log'; clock.now(); new Date(0); Date.parse(a); export { a as b }"
    expect([...strayCalls(one(fine)), ...defaultExports(one(fine))]).toEqual([])
  })
})
