import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { codeBlocks, compilerComplaints, readText, root } from '../support/markdown.js'
import { needs } from '../support/needs.js'
import { documents } from './documents.js'

/** What cannot be compiled here, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  'examples/react-native/README.md': 'Shows a package for phones; the example itself is compiled.',
}

test.each([
  ['ts', 'mts', 10],
  ['tsx', 'tsx', 1],
] as const)('the TypeScript in all documents compiles as shown: %s', (language, extension, least) => {
  const blocks = documents
    .filter((path) => !Object.hasOwn(elsewhere, path))
    .flatMap((path) => codeBlocks(readText(path), language).map((code) => ({ path, code })))
  expect(blocks.length).toBeGreaterThanOrEqual(least)
  const complaints = compilerComplaints(
    blocks.map(({ code }) => code),
    extension,
  )
  expect(
    complaints.map((text) =>
      text.replace(/^block (\d+)/, (_, index) => `${blocks[Number(index)]?.path}: block ${index}`),
    ),
  ).toEqual([])
})

test.each(documents.filter((path) => /^```(js|typescript|json)$/m.test(readText(path))))(
  '%s: other code can be read as what it is',
  (path) => {
    const text = readText(path)
    for (const code of codeBlocks(text, 'json')) JSON.parse(code)
    for (const language of ['js', 'typescript']) {
      for (const code of codeBlocks(text, language)) {
        const { diagnostics } = ts.transpileModule(code, {
          reportDiagnostics: true,
          compilerOptions: {
            module: ts.ModuleKind.ESNext,
            target: ts.ScriptTarget.ESNext,
            experimentalDecorators: true,
          },
        })
        expect(diagnostics?.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
      }
    }
  },
)

/**
 * Express 5 calls the callback of `listen` with the error too: one that takes none would announce a
 * server that is not there.
 */
test('no server in a document or an example announces itself without looking at the error', () => {
  const examples = readdirSync(`${root}examples`, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /(?<!\.d)\.m?[jt]sx?$/.test(path),
  )
  const shown = [...documents, ...examples.map((path) => `examples/${path}`)].map(
    (path) => [path, readText(path)] as const,
  )
  const listening = shown.filter(([, text]) => /\bapp\.listen\(/.test(text))
  expect(listening.length).toBeGreaterThanOrEqual(5)
  expect(listening.filter(([, text]) => /\bapp\.listen\([^\n]*\(\) =>/.test(text)).map(([path]) => path)).toEqual([])
})

test('no command needs a curl newer than 7.82, as --json does', () => {
  expect(documents.filter((path) => readText(path).includes('--json '))).toEqual([])
})

test.skipIf(!(await needs.shell.isMet()))('the commands in all documents can be read by sh', () => {
  for (const path of documents) {
    for (const commands of codeBlocks(readText(path), 'sh')) {
      // Angle brackets stand for what the reader has to put there.
      const { status, stderr } = spawnSync('sh', ['-n'], { input: commands.replace(/<\w+>/g, 'x'), encoding: 'utf8' })
      expect(`${path}: ${stderr}${status}`).toBe(`${path}: 0`)
    }
  }
})
