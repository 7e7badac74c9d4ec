import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { codeBlocks, readText, root } from '../support/markdown.js'

const shownTests = codeBlocks(readText('docs/guides/testing-your-app.md'), 'ts').filter((code) =>
  code.includes("from 'node:test'"),
)

test.each([
  [0, 2],
  [1, 3],
])('test %i of docs/guides/testing-your-app.md passes in the runner of Node, as it is shown', async (index, passes) => {
  const shown = shownTests[index] ?? ''
  const folder = mkdtempSync(`${root}test/.readme-`)
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(`${folder}/login.test.mts`, shown)
  // Vitest sets NODE_ENV for itself, and NODE_OPTIONS may be its own too.
  const { NODE_ENV: _, NODE_OPTIONS: __, ...env } = process.env
  const args = ['--import', import.meta.resolve('tsx'), '--test-reporter', 'tap', '--test', `${folder}/login.test.mts`]
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  }
  const [status] = await once(child, 'close')
  expect(said).toContain(`# pass ${passes}`)
  expect(status).toBe(0)
})
