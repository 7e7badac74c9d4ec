import ts from 'typescript'
import { lineOf, nodesOf, parse, type Sources } from './sources.js'

export const maxLines = 350

export function tooLong(sources: Sources): string[] {
  return [...sources].filter(([, text]) => text.trimEnd().split('\n').length > maxLines).map(([path]) => path)
}

/** Both ways of writing one: `export default` and `export { x as default }`. */
export function defaultExports(sources: Sources): string[] {
  return places(sources, (node) => {
    if (ts.isExportAssignment(node)) return true
    if (ts.isExportSpecifier(node)) return node.name.text === 'default'
    if (ts.isNamespaceExport(node)) return node.name.text === 'default'
    return (
      ts.canHaveModifiers(node) &&
      (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
    )
  })
}

/** Uses of `Math.random`, of the system clock past the injected one, and of the console. */
export function strayCalls(sources: Sources): string[] {
  return places(sources, (node) => {
    if (ts.isNewExpression(node)) return isNamed(node.expression, 'Date') && !node.arguments?.length
    if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return false
    const member = ts.isPropertyAccessExpression(node) ? node.name.text : literal(node.argumentExpression)
    if (isNamed(node.expression, 'Math')) return member === 'random'
    if (isNamed(node.expression, 'Date')) return member === 'now'
    return isNamed(node.expression, 'console')
  })
}

function isNamed(node: ts.Expression, name: string): boolean {
  if (ts.isIdentifier(node)) return node.text === name
  return ts.isPropertyAccessExpression(node) && isNamed(node.expression, 'globalThis') && node.name.text === name
}

function literal(node: ts.Expression): string | undefined {
  return ts.isStringLiteralLike(node) ? node.text : undefined
}

function places(sources: Sources, matches: (node: ts.Node) => boolean): string[] {
  return [...sources].flatMap(([path, text]) => {
    const file = parse(path, text)
    return [...nodesOf(file)]
      .filter(matches)
      .map((node) => `${path}:${lineOf(file, node)} ${node.getText(file).split('\n')[0]?.slice(0, 60)}`)
  })
}
