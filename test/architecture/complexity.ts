import ts from 'typescript'
import { lineOf, nodesOf, parse, type Sources } from './sources.js'

/**
 * Cyclomatic complexity as ESLint's `complexity` counts it: 1, and 1 for each branch. Nested
 * functions count for themselves.
 */
export function complexityOf(body: ts.Node): number {
  let branches = 1
  const visit = (node: ts.Node): void => {
    if (node !== body && ts.isFunctionLike(node)) return
    if (isBranch(node)) branches += 1
    ts.forEachChild(node, visit)
  }
  visit(body)
  return branches
}

function isBranch(node: ts.Node): boolean {
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node) || ts.isCatchClause(node) || ts.isCaseClause(node))
    return true
  if (ts.isForStatement(node) || ts.isForOfStatement(node) || ts.isForInStatement(node)) return true
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return true
  if ((ts.isBindingElement(node) || ts.isParameter(node)) && node.initializer) return true
  if (!ts.isBinaryExpression(node)) return false
  const { kind } = node.operatorToken
  return [
    ts.SyntaxKind.AmpersandAmpersandToken,
    ts.SyntaxKind.BarBarToken,
    ts.SyntaxKind.QuestionQuestionToken,
  ].includes(kind)
}

/** Functions above `most`, such as `src/login/start.ts:12 startLogin 14`. */
export function tooComplex(sources: Sources, most: number): string[] {
  return [...sources].flatMap(([path, text]) => {
    const file = parse(path, text)
    return [...nodesOf(file)].filter(ts.isFunctionLike).flatMap((node) => {
      const complexity = complexityOf(node)
      const name = node.name?.getText(file) ?? '(inline)'
      return complexity > most ? [`${path}:${lineOf(file, node)} ${name} ${complexity}`] : []
    })
  })
}
