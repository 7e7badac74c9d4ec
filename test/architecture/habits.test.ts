import { describe, expect, test } from 'vitest'
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

test('no file has a default export', () => {
  expect(defaultExports(readSources('src', 'test', 'examples'))).toEqual([])
})

test('chance, time and output come from one place each', () => {
  const found = strayCalls(readSources('src')).filter((place) => !place.startsWith('src/simulator/'))
  expect(found.filter((place) => !Object.hasOwn(strays, place.split(':')[0] ?? ''))).toEqual([])
  expect(Object.keys(strays).filter((path) => !found.some((place) => place.startsWith(`${path}:`)))).toEqual([])
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
    const fine = "// Math.random()\nexport const a = 'console.log'; clock.now(); new Date(0); Date.parse(a); export { a as b }"
    expect([...strayCalls(one(fine)), ...defaultExports(one(fine))]).toEqual([])
  })
})
