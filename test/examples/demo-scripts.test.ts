import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folders = ['session-login/public', 'session-login/demo/public', 'fallback-ladder/public']

test('the scripts of the pages keep to their JSDoc types', () => {
  const scripts = folders.flatMap((folder) =>
    readdirSync(`${root}examples/${folder}`)
      .filter((file) => file.endsWith('.js'))
      .map((file) => `${root}examples/${folder}/${file}`),
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
    // Where the apps serve them.
    paths: { '/phonecheck/*': [`${root}src/client/*`], '/*': [`${root}examples/fallback-ladder/public/*`] },
  })
  const complaints = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  expect(scripts.length).toBeGreaterThan(10)
  expect(complaints).toEqual([])
})
