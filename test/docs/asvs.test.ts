import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readText, root } from '../support/markdown.js'

interface Row {
  id: string
  proofs: { file?: string; title?: string }[]
}
// Plain JavaScript, so that it runs without a build; its types are written here.
const {
  rowsOf,
  complaintsOf,
}: {
  rowsOf(markdown: string): Row[]
  complaintsOf(rows: Row[], read: (file: string) => string | undefined): string[]
} = await import(new URL('../../scripts/asvs.mjs', import.meta.url).href)

test('every test that the security model names beside ASVS exists, and `npm run asvs` prints them', async () => {
  const { stdout } = await promisify(execFile)('node', ['scripts/asvs.mjs'], { cwd: root })
  const rows = rowsOf(readText('docs/security-model.md'))
  expect(rows.length).toBeGreaterThan(40)
  for (const { id, proofs } of rows)
    for (const { file } of proofs) expect(stdout).toMatch(new RegExp(`^${id} [\\s\\S]*${file}`, 'm'))
})

test('the files beside the threats exist', () => {
  const section = /^## Threats$([\s\S]*?)^## /m.exec(readText('docs/security-model.md'))?.[1] ?? ''
  const files = [...section.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file)
  expect(files.length).toBeGreaterThan(25)
  expect(files.filter((file) => !existsSync(root + file))).toEqual([])
})

describe('a row', () => {
  const table = (proof: string) =>
    rowsOf(`## OWASP ASVS 5\n\n| ASVS | asks | here | proof |\n|---|---|---|---|\n| 1.2.3 | a | b | ${proof} |\n`)
  const source =
    "test('opens once', () => {})\ntest.each([\n  'listed',\n])('of many: %s', () => {})\n// test of 'a comment'\n"
  const judge = (proof: string) =>
    complaintsOf(table(proof), (file) => (file === 'test/a.test.ts' ? source : undefined))

  test.each(['`test/a.test.ts`: opens', '`test/a.test.ts`: opens once<br>`test/a.test.ts`: of many: %s'])(
    'is right with %s',
    (proof) => {
      expect(judge(proof)).toEqual([])
    },
  )

  test.each([
    ['`test/b.test.ts`: opens', 'test/b.test.ts does not exist'],
    ['`test/a.test.ts`: once', 'test/a.test.ts has no test "once"'],
    ['`test/a.test.ts`: a comment', 'test/a.test.ts has no test "a comment"'],
    ['test/a.test.ts: opens', 'no test is named in "test/a.test.ts: opens"'],
    ['`test/a.test.ts`: opens<br>', 'no test is named in ""'],
  ])('is wrong with %s', (proof, complaint) => {
    expect(judge(proof)).toEqual([`1.2.3: ${complaint}`])
  })

  test('is wrong when it is there twice', () => {
    const [row] = table('`test/a.test.ts`: opens')
    expect(complaintsOf(row ? [row, row] : [], () => source)).toEqual(['1.2.3 is there twice'])
  })

  test('has to be there', () => {
    expect(complaintsOf(rowsOf('# nothing'), () => source)).toHaveLength(1)
  })
})
