import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Path from the repository's root, with forward slashes, to text. Tests of the rules make their own. */
export type Sources = ReadonlyMap<string, string>

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Every file of code below the folders. */
export function readSources(...folders: string[]): Sources {
  const paths = folders.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map(
      (name) => `${folder}/${name.replaceAll('\\', '/')}`,
    ),
  )
  const code = paths.filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !path.includes('node_modules/')).sort()
  return new Map(code.map((path) => [path, readFileSync(root + path, 'utf8')]))
}

const parsed = new Map<string, ts.SourceFile>()

export function parse(path: string, text: string): ts.SourceFile {
  const known = parsed.get(path)
  if (known?.text === text) return known
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  parsed.set(path, file)
  return file
}

/** The node and everything in it, in the order of the text. */
export function nodesOf(node: ts.Node): ts.Node[] {
  // forEachChild visits syntax only; comments and strings can name what they like.
  const nodes: ts.Node[] = []
  const visit = (one: ts.Node): void => {
    nodes.push(one)
    ts.forEachChild(one, visit)
  }
  visit(node)
  return nodes
}

export function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}
