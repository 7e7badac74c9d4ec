// What tsc leaves to do after a build. Cheap when nothing has changed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))

// The package's type is "module", so its CommonJS half must say what it is.
mkdirSync(`${root}dist/cjs`, { recursive: true })
writeFileSync(`${root}dist/cjs/package.json`, '{ "type": "commonjs" }\n')

// tsc never deletes: without this, a source that was moved or removed would be published for as
// long as the folder lives.
for (const half of ['esm', 'cjs']) {
  for (const name of readdirSync(`${root}dist/${half}`, { recursive: true, encoding: 'utf8' })) {
    const source = name.replace(/\.(js|d\.ts)$/, '.ts')
    if (name.endsWith('.map') || (source !== name && !existsSync(`${root}src/${source}`)))
      rmSync(`${root}dist/${half}/${name}`)
  }
}

// CommonJS says otherwise where a file lies.
const directory = `${root}dist/cjs/express/client-directory.js`
const located = readFileSync(directory, 'utf8').replace('import.meta.dirname', '__dirname')
if (!located.includes('__dirname')) throw new Error('dist/cjs/express/client-directory.js does not say where it lies')
writeFileSync(directory, located)

// tsc makes a require() of a lazy import(), and what is imported there is an ES module only.
const jose = `${root}dist/cjs/providers/firebase/jose.js`
const lazy = readFileSync(jose, 'utf8').replace(/Promise\.resolve\(\)\.then\(.*\)/, "import('jose')")
if (!lazy.includes("return import('jose')")) throw new Error('dist/cjs/providers/firebase/jose.js does not import jose')
writeFileSync(jose, lazy)

// The comments stay in the declarations, where editors look for them. Twice more, in both halves'
// code, they would be a fifth of the package.
const printing = {
  allowJs: true,
  module: ts.ModuleKind.Preserve,
  removeComments: true,
  target: ts.ScriptTarget.ESNext,
  verbatimModuleSyntax: true,
}
for (const half of ['esm', 'cjs']) {
  for (const name of readdirSync(`${root}dist/${half}`, { recursive: true, encoding: 'utf8' })) {
    const fileName = `${root}dist/${half}/${name}`
    if (!name.endsWith('.js')) continue
    const code = readFileSync(fileName, 'utf8')
    // What has been printed already has none.
    if (/^\s*\/[/*]|\s\/\/ /m.test(code))
      writeFileSync(fileName, ts.transpileModule(code, { fileName, compilerOptions: printing }).outputText)
  }
}

// A tab for what tsc indents by four spaces: in a thousand files that is a fortieth of the package.
for (const half of ['esm', 'cjs']) {
  for (const name of readdirSync(`${root}dist/${half}`, { recursive: true, encoding: 'utf8' })) {
    const fileName = `${root}dist/${half}/${name}`
    if (!/\.(js|d\.ts)$/.test(name)) continue
    const code = readFileSync(fileName, 'utf8')
    if (/^\t* {4}/m.test(code)) writeFileSync(fileName, indentedByTabs(code, fileName))
  }
}

/** Texts over several lines keep theirs. */
function indentedByTabs(code, fileName) {
  const file = ts.createSourceFile(fileName, code, ts.ScriptTarget.ESNext)
  const texts = []
  const visit = (node) => {
    if (ts.isTemplateLiteralToken(node)) texts.push([node.getStart(file), node.end])
    ts.forEachChild(node, visit)
  }
  visit(file)
  return code.replace(/^(?: {4})+/gm, (spaces, at) =>
    texts.some(([start, end]) => start < at && at < end) ? spaces : '\t'.repeat(spaces.length / 4),
  )
}

// Declarations that no entry leads to describe what nobody can import, and comments of those that no entry names
// are seen by nobody: together they would be a fifth of the package. A class that is exported may inherit from one
// that is not, and its methods' comments are shown: so those of the strategies' folder stay.
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const inherited = ['passport']
for (const half of ['esm', 'cjs']) {
  const folder = `${root}dist/${half}/`
  const reached = new Set()
  const named = new Set()
  const locate = (file, name) => resolve(dirname(file), name.replace(/\.js$/, '.d.ts'))
  const reach = (file) => {
    if (reached.has(file)) return
    reached.add(file)
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles)
      if (fileName.startsWith('.')) reach(locate(file, fileName))
  }
  const name = (file) => {
    named.add(file)
    for (const [, from] of readFileSync(file, 'utf8').matchAll(/^export [^;]*? from '(\.[^']+)'/gm))
      name(locate(file, from))
  }
  for (const { [half === 'esm' ? 'import' : 'require']: entry } of Object.values(exports)) {
    if (!entry?.types) continue
    reach(resolve(root, entry.types))
    name(resolve(root, entry.types))
  }
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = folder + path
    if (!path.endsWith('.d.ts')) continue
    if (!reached.has(file)) rmSync(file)
    else if (!named.has(file) && !inherited.includes(dirname(path)))
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*\n/gm, ''))
  }
}

// For what does not read `exports` and looks for a folder instead: TypeScript's `moduleResolution: node`, Metro before React Native 0.79,
// eslint-plugin-import. It finds the CommonJS half by the same names.
for (const [path, { require: target } = {}] of Object.entries(exports)) {
  if (path === '.' || target === undefined) continue
  const up = '../'.repeat(path.split('/').length - 1)
  const manifest = { type: 'commonjs', main: up + target.default.slice(2), types: up + target.types.slice(2) }
  mkdirSync(root + path, { recursive: true })
  writeFileSync(`${root}${path}/package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`)
}
