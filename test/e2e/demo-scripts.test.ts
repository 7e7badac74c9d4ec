import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const example = fileURLToPath(new URL('../../examples/session-login/', import.meta.url))

test('the scripts of the pages keep to their JSDoc types', () => {
  const scripts = ['public', 'demo/public'].flatMap((folder) =>
    readdirSync(`${example}${folder}`)
      .filter((file) => file.endsWith('.js'))
      .map((file) => `${example}${folder}/${file}`),
  )
  const program = ts.createProgram(scripts, {
    noEmit: true,
    allowJs: true,
    checkJs: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  })
  const complaints = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  expect(scripts.length).toBeGreaterThan(10)
  expect(complaints).toEqual([])
})
