import { existsSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readText, root } from '../support/markdown.js'
import { anchorsOf, documents, linksOf, prose } from './documents.js'

const everywhere = [...documents, 'llms.txt']
const { files }: { files: string[] } = JSON.parse(readText('package.json'))

test.each(everywhere)('the links of %s lead somewhere', (path) => {
  const broken = linksOf(path).filter(
    ({ file, anchor }) =>
      !existsSync(root + file) || (anchor !== undefined && !anchorsOf(readText(file)).includes(anchor)),
  )
  expect(broken.map(({ target }) => target)).toEqual([])
})

test.each(['README.md', 'SECURITY.md', 'llms.txt'])('every link of %s works in the installed package too', (path) => {
  const packed = [...files, 'README.md', 'LICENSE', 'package.json']
  const left = linksOf(path).filter(
    ({ file }) => !packed.some((entry) => file === entry || file.startsWith(`${entry}/`)),
  )
  expect(left.map(({ target }) => target)).toEqual([])
})

test.each(['docs/README.md', 'llms.txt'])('%s leads to every document of docs', (index) => {
  const linked = new Set(linksOf(index).map(({ file }) => file))
  const unlinked = documents.filter(
    (path) => path.startsWith('docs/') && !path.startsWith('docs/adr/') && !linked.has(path) && path !== index,
  )
  expect(unlinked).toEqual([])
  expect([...linked]).toContain('docs/adr/README.md')
})

test('docs/adr/README.md leads to every decision, and examples/README.md to every example', () => {
  for (const [index, all] of [
    ['docs/adr/README.md', documents.filter((path) => /^docs\/adr\/\d/.test(path))],
    [
      'examples/README.md',
      documents.filter((path) => /^examples\/.+\/README\.md$/.test(path)).map((path) => path.replace('/README.md', '')),
    ],
  ] as const) {
    const linked = linksOf(index).map(({ file }) => file)
    expect(all.filter((path) => !linked.includes(path))).toEqual([])
  }
})

test('the README stays short, and the examples that it names exist', () => {
  expect(readText('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(180)
  for (const [, example = ''] of readText('README.md').matchAll(/`(examples\/[\w-]+)`/g))
    expect(statSync(root + example).isDirectory()).toBe(true)
})

describe('of a document', () => {
  test('the anchors are those that GitHub makes', () => {
    expect(anchorsOf('# A `b_c`: [d](e), f?\n```\n# not this\n```\n<a id="g"></a>')).toEqual(['a-b_c-d-f', 'g'])
  })

  test('the code is no prose', () => {
    expect(prose('a\n```ts\n[b](c)\n```\nd')).toBe('a\n\nd')
  })
})
