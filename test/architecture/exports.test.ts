import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from './sources.js'

const manifest: { exports: Record<string, string | { import: { types: string } }> } = JSON.parse(
  readFileSync(`${root}package.json`, 'utf8'),
)

/** Sub-path of the package to the source of its entry. */
const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === 'string'
    ? []
    : [[path, target.import.types.replace('./dist/esm/', 'src/').replace(/\.d\.ts$/, '.ts')] as const],
)

const program = ts.createProgram(
  entries.map(([, file]) => root + file),
  { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, types: ['node'], noEmit: true, skipLibCheck: true },
)
const checker = program.getTypeChecker()

/** Names with what they are, sorted: a name that goes away or changes its kind is a breaking change. */
function exportsOf(file: string): string {
  const source = program.getSourceFile(root + file)
  const module = source && checker.getSymbolAtLocation(source)
  if (!module) throw new Error(`${file} is missing or exports nothing`)
  const lines = checker.getExportsOfModule(module).map((symbol) => `${kindOf(symbol)} ${symbol.name}`)
  return `${lines.sort().join('\n')}\n`
}

function kindOf(symbol: ts.Symbol): string {
  const typeOnly = symbol.declarations?.some((declaration) => ts.isTypeOnlyExportDeclaration(declaration))
  const { flags } = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return !typeOnly && flags & ts.SymbolFlags.Value ? 'value' : 'type'
}

// `npx vitest run test/architecture -u` takes a wanted change over.
test.each(entries)('what %s exports', async (path, file) => {
  const name = path === '.' ? 'index' : path.slice(2).replaceAll('/', '-')
  await expect(exportsOf(file)).toMatchFileSnapshot(`public-exports/${name}.txt`)
})

test('the index only passes names on', () => {
  const file = ts.createSourceFile('index.ts', readFileSync(`${root}src/index.ts`, 'utf8'), ts.ScriptTarget.Latest)
  const others = file.statements.filter((statement) => !ts.isExportDeclaration(statement) || !statement.exportClause)
  expect(others.map((statement) => statement.getText(file))).toEqual([])
})
