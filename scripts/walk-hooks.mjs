// Loader of walk-login.mjs: makes every function of the built library say that it was entered.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = new URL('../dist/esm/', import.meta.url).href
/**
 * What stands outside the walk: the simulated vendor, test kits, and stores, but for the guard that
 * every call to one goes through.
 */
const outside = /^(simulator|testing|stores\/(?!guard))/

export async function load(url, context, nextLoad) {
  const file = url.startsWith(root) ? url.slice(root.length) : undefined
  if (file === undefined || outside.test(file)) return nextLoad(url, context)
  const source = instrument(file, await readFile(fileURLToPath(url), 'utf8'))
  return { format: 'module', source, shortCircuit: true }
}

function instrument(file, text) {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const inserts = []
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const call = `globalThis.__entered?.(${JSON.stringify(file)}, ${JSON.stringify(nameOf(node))})`
      const { body } = node
      if (!ts.isBlock(body)) inserts.push([body.getStart(), `(${call}, `], [body.getEnd(), ')'])
      // Nothing may stand before super() in a constructor of a derived class.
      else if (!ts.isConstructorDeclaration(node)) inserts.push([body.getStart() + 1, `${call};`])
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  inserts.sort(([a], [b]) => b - a)
  return inserts.reduce((out, [at, insert]) => out.slice(0, at) + insert + out.slice(at), text)
}

function nameOf(node) {
  if (node.name) return node.name.getText()
  const { parent } = node
  if ((ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) && parent.name) return parent.name.getText()
  return '(inline)'
}
