import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { transitions } from '../../src/flow/record.js'
import { layers } from '../architecture/import-rules.js'
import { codeBlocks, readText, root } from '../support/markdown.js'

const text = readText('docs/architecture.md')
const diagrams = codeBlocks(text, 'mermaid')

function diagram(kind: string): string {
  const found = diagrams.filter((block) => block.startsWith(kind))
  expect(found, kind).toHaveLength(1)
  return String(found[0])
}

/** Labels by the id under which mermaid knows a node; a node without a label is its own. */
function labelsIn(drawing: string): (id: string) => string {
  const labels = new Map([...drawing.matchAll(/(\w+)\["([^"]+)"\]/g)].map(([, id = '', label = '']) => [id, label]))
  return (id) => labels.get(id) ?? id
}

function arrowsIn(drawing: string, arrow: string): (readonly [from: string, to: string])[] {
  const label = labelsIn(drawing)
  return drawing.split('\n').flatMap((line) => {
    const [from, to, ...rest] = line
      .trim()
      .replaceAll(/\["[^"]+"\]/g, '')
      .split(` ${arrow} `)
    return from && to && rest.length === 0 ? [[label(from), label(to)] as const] : []
  })
}

/** A layer, and whatever solid arrows lead to from it. */
function reachable(
  from: string,
  arrows: readonly (readonly [string, string])[],
  seen = new Set<string>(),
): Set<string> {
  for (const [, to] of arrows.filter(([start]) => start === from)) {
    if (!seen.has(to)) reachable(to, arrows, seen.add(to))
  }
  return seen
}

test('the layers that docs/architecture.md draws are those of the rules, with the same arrows', () => {
  const drawing = diagram('flowchart TD')
  const solid = arrowsIn(drawing, '-->')
  const dotted = arrowsIn(drawing, '-.->')
  const drawn = Object.fromEntries(
    Object.keys(layers).map((layer) => {
      const own = layer.includes('.') ? [] : [layer]
      const folders = [...reachable(layer, solid), ...own].map((name) => `${name}/`)
      const files = dotted.filter(([from]) => from === layer).map(([, file]) => file)
      return [layer, [...new Set([...folders, ...files])].toSorted()]
    }),
  )
  expect(drawn).toEqual(Object.fromEntries(Object.entries(layers).map(([layer, { uses }]) => [layer, uses.toSorted()])))
  for (const layer of Object.keys(layers)) expect(drawing).toContain(layer)
})

test('the states that docs/architecture.md draws are those of `transitions`, with the same arrows', () => {
  const drawn = [...diagram('stateDiagram').matchAll(/^ {2}(\S+) --> (\w+): \S/gm)].map(
    ([, from, to]) => `${from} --> ${to}`,
  )
  const coded = Object.entries(transitions).flatMap(([from, all]) => all.map((to) => `${from} --> ${to}`))
  expect(drawn.toSorted()).toEqual(['[*] --> claimed', ...coded].toSorted())
})

test.each(['docs/architecture.md', 'CONTRIBUTING.md'])('the files and folders that %s names exist', (path) => {
  const named = [...readText(path).matchAll(/`((?:src|test|docs|examples|scripts)\/[\w./-]+)`/g)].map(
    ([, name = '']) => name,
  )
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((name) => !existsSync(root + name))).toEqual([])
})

test('CONTRIBUTING.md has a row for each folder of src, with imports that the rules allow, and for each folder of test', () => {
  const rows = [...readText('CONTRIBUTING.md').matchAll(/^\| `(.*)` \| .* \| (.*) \|$/gm)].map(
    ([, name = '', last = '']) => [name, last],
  )
  const layer = Object.fromEntries(
    rows.flatMap(([name = '', last]) => (/[/.]/.test(name) ? [[name.replace('/', ''), last]] : [])),
  )
  expect(Object.keys(layer).toSorted()).toEqual(Object.keys(layers).toSorted())
  for (const [name, { uses }] of Object.entries(layers)) {
    const named = [...String(layer[name]).matchAll(/`([\w./]+)`/g)].map(([, use = '']) =>
      use.includes('.') ? use : `${use}/`,
    )
    expect(
      named.filter((use) => !uses.includes(use)),
      name,
    ).toEqual([])
  }
  const folders = rows.flatMap(([names = '']) => names.split('`, `'))
  const all = readdirSync(`${root}test`, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(all.map(({ name }) => name).filter((name) => !name.startsWith('.') && !folders.includes(name))).toEqual([])
})
