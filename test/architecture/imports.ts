import { posix } from 'node:path'
import ts from 'typescript'
import { lineOf, nodesOf, parse, type Sources } from './sources.js'

export interface Import {
  /** `src/flow/record.ts:12` */
  readonly at: string
  readonly from: string
  /** As written. */
  readonly specifier: string
  /** Our file, or undefined for a package. */
  readonly file: string | undefined
  /** Gone from the emitted code. */
  readonly typeOnly: boolean
}

/** Every import of every file, in whatever form it is written. */
export function readImports(sources: Sources): Import[] {
  return [...sources].flatMap(([path, text]) => importsOf(path, text))
}

function importsOf(from: string, text: string): Import[] {
  const file = parse(from, text)
  return [...nodesOf(file)].flatMap((node) => {
    const found = importIn(node)
    if (!found) return []
    const { specifier, typeOnly } = found
    return [{ at: `${from}:${lineOf(file, node)}`, from, specifier, typeOnly, file: resolve(from, specifier) }]
  })
}

function importIn(node: ts.Node): { specifier: string; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    // `import { type A }` still loads the module under verbatimModuleSyntax; only `import type` is erased.
    return {
      specifier: textOf(node.moduleSpecifier),
      typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
    }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { specifier: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly }
  }
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return { specifier: textOf(node.moduleReference.expression), typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node)) {
    return {
      specifier: ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : '(computed)',
      typeOnly: true,
    }
  }
  if (ts.isCallExpression(node) && loadsModule(node.expression)) {
    const [specifier] = node.arguments
    return {
      specifier: specifier && ts.isStringLiteralLike(specifier) ? specifier.text : '(computed)',
      typeOnly: false,
    }
  }
  return undefined
}

function loadsModule(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : '(computed)'
}

function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}

/** The first cycle among imports, of types or of values, as the files along it. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const next = new Map<string, string[]>()
  for (const { from, file } of imports) {
    if (file !== undefined) next.set(from, [...(next.get(from) ?? []), file])
  }
  const done = new Set<string>()
  const walk = (file: string, trail: string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const target of next.get(file) ?? []) {
      const cycle = walk(target, [...trail, file])
      if (cycle) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of next.keys()) {
    const cycle = walk(file, [])
    if (cycle) return cycle
  }
  return undefined
}
