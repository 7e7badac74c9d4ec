import { describe, expect, test } from 'vitest'
import { readText } from '../support/markdown.js'

test.each(['docs/guides/migration.md', 'docs/guides/production.md'])('%s names events that there are', (path) => {
  const table = /\| event \|[\s\S]*?\n\n/.exec(readText(path))?.[0] ?? ''
  const named = [...table.matchAll(/`([a-z]+_[a-z_]+|suspicious|misconfiguration)`/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(10)
  const events = readText('docs/reference/events.md')
  expect(named.filter((name) => !events.includes(`### \`${name}\`\n`))).toEqual([])
})

describe('docs/guides/migration.md', () => {
  test('shows the routes of examples/migration, in the server and in the app', () => {
    const text = readText('docs/guides/migration.md')
    const routes = [...readText('examples/migration/app.ts').matchAll(/app\.post\('([^']+)', (.*)\)$/gm)]
    expect(routes).toHaveLength(5)
    for (const [, route] of routes) expect(text.split(`'${route}'`).length - 1).toBeGreaterThanOrEqual(2)
  })
})
