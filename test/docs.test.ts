import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeBlocks, compilerComplaints, readText, root } from './support/markdown.js'

const documents = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'))

describe.each(documents.map((name) => `docs/${name}`))('%s', (path) => {
  const text = readText(path)

  test('its TypeScript compiles as shown', () => {
    expect(compilerComplaints(codeBlocks(text, 'ts'))).toEqual([])
  })

  test('is linked from the README, and its own links lead somewhere', () => {
    expect(readText('README.md')).toContain(`](${path})`)
    const links = [...text.matchAll(/\]\(([^)#:]+)?(#[^)]+)?\)/g)].map(([, file, anchor]) => ({
      file: file === undefined ? path : join(dirname(path), file),
      anchor,
    }))
    expect(links.filter(({ file }) => !existsSync(root + file))).toEqual([])
    expect(links.filter(({ file, anchor }) => anchor !== undefined && !anchors(readText(file)).includes(anchor))).toEqual([])
  })
})

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

/** As GitHub makes them of headings. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-')}`,
  )
}
