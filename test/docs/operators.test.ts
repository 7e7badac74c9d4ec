import { expect, test } from 'vitest'
import { readText } from '../support/markdown.js'

test('each demand of the security profile has a test that exists', () => {
  const rows = [...readText('docs/guides/operators.md').matchAll(/\| `(test\/[^`]+)`: ([^|]+) \|$/gm)]
  expect(rows.length).toBeGreaterThanOrEqual(10)
  for (const [, file = '', title = ''] of rows) {
    const titles = [...readText(file).matchAll(/(?:test|\]\))\('((?:[^'\\]|\\.)+)'/g)].map(([, name = '']) => name)
    expect(
      titles.filter((name) => name.startsWith(title)),
      `${file}: ${title}`,
    ).toHaveLength(1)
  }
})
