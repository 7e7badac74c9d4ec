import { describe, expect, test } from 'vitest'
import { readText } from '../support/markdown.js'

describe('docs/migration.md', () => {
  const text = readText('docs/migration.md')

  test('names events that there are', () => {
    const table = /\| event \|[\s\S]*?\n\n/.exec(text)?.[0] ?? ''
    const named = [...table.matchAll(/`([a-z]+_[a-z_]+|suspicious|misconfiguration)`/g)].map(([, name]) => name)
    expect(named.length).toBeGreaterThan(10)
    const source = readText('src/core/events.ts')
    expect(named.filter((name) => !source.includes(`'${name}'`))).toEqual([])
  })

  test('shows the routes of examples/migration, in the server and in the app', () => {
    const routes = [...readText('examples/migration/app.ts').matchAll(/app\.post\('([^']+)', (.*)\)$/gm)]
    expect(routes).toHaveLength(5)
    for (const [, route] of routes) expect(text.split(`'${route}'`).length - 1).toBeGreaterThanOrEqual(2)
  })
})
