import { readdirSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { readText, root } from '../support/markdown.js'

// docs/reference/events.md against the declared union.

/** Each event with the members that are its own, those of a login (`FlowFacts`) left out. */
function declaredEvents(): Map<string, Set<string>> {
  const source = ts.createSourceFile('events.ts', readText('src/contracts/events.ts'), ts.ScriptTarget.ESNext)
  const events = new Map<string, Set<string>>()
  const visit = (node: ts.Node): void => {
    const members = ts.isTypeLiteralNode(node) ? node.members.filter(ts.isPropertySignature) : []
    const named = members.map((member) => member.name.getText(source))
    const type = members[named.indexOf('type')]?.type
    for (const name of type?.getText(source).match(/\w+/g) ?? []) {
      const own = events.get(name) ?? new Set()
      for (const member of named) if (member !== 'type') own.add(member)
      events.set(name, own)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return events
}

const sections = new Map(
  readText('docs/reference/events.md')
    .split(/^(?=##)/m)
    .flatMap((text) => {
      const [, type] = /^### `(\w+)`\n/.exec(text) ?? []
      return type === undefined ? [] : [[type, text] as const]
    }),
)

test('every event has a heading, and no other', () => {
  const declared = [...declaredEvents().keys()]
  expect(declared.length).toBeGreaterThan(25)
  expect([...sections.keys()].toSorted()).toEqual(declared.toSorted())
})

test('what an event carries is named below its heading', () => {
  const missing = [...declaredEvents()].flatMap(([type, members]) =>
    [...members].filter((member) => !sections.get(type)?.includes(`\`${member}`)).map((member) => `${type}: ${member}`),
  )
  expect(missing).toEqual([])
})

test('every code of a misconfiguration and of a reminder has an entry, to which its warning leads', () => {
  const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const text = files.map((path) => readText(`src/${path}`)).join('\n')
  const codes = [...text.matchAll(/type: '(?:misconfiguration|reminder)',\s+code: '(\w+)'/g)].map(([, code]) => code)
  const entries = [...readText('docs/reference/events.md').matchAll(/^#### `(\w+)`$/gm)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(7)
  expect(entries.toSorted()).toEqual([...new Set(codes)].toSorted())
})
