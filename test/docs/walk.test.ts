import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { readText, root } from '../support/markdown.js'

test('docs/architecture.md shows the walk of a login as it is', () => {
  const printed = execFileSync(process.execPath, ['scripts/walk-login.mjs', '--summary'], {
    cwd: root,
    encoding: 'utf8',
  })
  const shown = /<!-- walk -->[\s\S]*?```text\n([\s\S]*?)```/.exec(readText('docs/architecture.md'))?.[1]
  // Requests of a login overlap, so that the order of two files may change.
  const sorted = (text = '') => text.split('\n').map((line) => line.split(/[ ,]+/).toSorted().join(' '))
  expect(sorted(shown)).toEqual(sorted(printed))
})
