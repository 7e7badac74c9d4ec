import { expect, test } from 'vitest'
import { readText } from '../support/markdown.js'

// What every rung that we ship must have beside its code.

const factories = [...readText('api/index.api.md').matchAll(/^export function (\w+)\([^\n]*\): Provider;$/gm)].map(
  ([, name = '']) => name,
)

test('there are factories', () => {
  expect(factories.length).toBeGreaterThan(8)
})

test.each([
  ['a run of providerContract()', 'test/providers/provider-contract.test.ts', (name: string) => `${name}(`],
  ['its options', 'docs/reference/options.md', (name: string) => name],
  ['a word in the guide to the ladder or to providers', undefined, (name: string) => name],
])('every rung has %s', (_what, file, needed) => {
  const text =
    file === undefined
      ? ['ladder', 'providers', 'operators', 'own-sms'].map((name) => readText(`docs/guides/${name}.md`)).join()
      : readText(file)
  expect(factories.filter((name) => !text.includes(needed(name)))).toEqual([])
})
