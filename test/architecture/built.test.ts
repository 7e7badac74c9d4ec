import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { cleanEnv, root } from '../package/apps.js'

// What was built, by itself: what of it a user's program loads, and from where. Apps that install
// it are in the slow tests.

const manifest: {
  exports: Record<string, string | { require: { types: string; default: string } }>
  dependencies: object
} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const paths = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : [[path, target.require] as const],
)
const specifiers = paths.map(([path]) => `passport-phonecheck${path.slice(1)}`)

beforeAll(() => {
  if (!existsSync(`${root}dist/cjs/package.json`)) throw new Error('There is no build to test: run `npm run build`.')
})

test('every entry loads by require() where ES modules cannot be required, as in Jest and on AWS Lambda', async () => {
  const script = `console.log(JSON.stringify(${JSON.stringify(specifiers)}.map((name) => Object.keys(require(name)).length)))`
  const { stdout } = await promisify(execFile)('node', ['--no-experimental-require-module', '-e', script], {
    cwd: root,
    env: cleanEnv(),
  })
  const counts: number[] = JSON.parse(stdout)
  expect(counts.map((count) => count > 0)).toEqual(specifiers.map(() => true))
})

test('what checks a token is loaded by import() from CommonJS too, where ES modules cannot be required', async () => {
  const script = `
    const { firebasePnv } = require('passport-phonecheck')
    const { startSimulator } = require('passport-phonecheck/simulator')
    startSimulator().then(async (sim) => {
      const context = { emit() {}, deadline: { leftMs: () => 9000 } }
      const rung = firebasePnv({ projectNumber: '123456789012', projectId: 'demo-project', baseUrl: sim.url })
      const { check, challenge } = await rung.start({ phoneNumber: '+12025550100' }, context)
      console.log(JSON.stringify(await rung.redeem(check, await sim.phone('+12025550100').token(challenge), context)))
      await rung.close()
      await sim.close()
    })`
  const { stdout } = await promisify(execFile)('node', ['--no-experimental-require-module', '-e', script], {
    cwd: root,
    env: cleanEnv(),
  })
  expect(JSON.parse(stdout)).toEqual({ outcome: 'verified' })
})

test.each([
  ['require', "const { clientDirectory } = require('passport-phonecheck')"],
  ['import', "import { clientDirectory } from 'passport-phonecheck'"],
])('clientDirectory is the half of the client that browsers can import, by %s too', async (way, line) => {
  const flags = [`--input-type=${way === 'import' ? 'module' : 'commonjs'}`, '--no-experimental-require-module']
  const { stdout } = await promisify(execFile)('node', [...flags, '-e', `${line}\nconsole.log(clientDirectory)`], {
    cwd: root,
    env: cleanEnv(),
  })
  expect(stdout.trim()).toBe(`${root}dist/esm/client`)
  const { phoneLogin } = await import(pathToFileURL(`${stdout.trim()}/index.js`).href)
  expect(readFileSync(`${stdout.trim()}/index.js`, 'utf8')).toMatch(/^export /m)
  expect(phoneLogin).toBeTypeOf('function')
})

test('it is code and types alone, without source maps', () => {
  const others = readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.[^.]+$/.test(path),
  )
  expect(others.filter((path) => !/(\.js|\.d\.ts|package\.json|\.tsbuildinfo)$/.test(path))).toEqual([])
})

test('its code has no comments, which are in the types', () => {
  const code = readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'))
  expect(code.length).toBeGreaterThan(100)
  expect(code.filter((path) => /^\s*\/\*\*|^\s*\/\/ /m.test(readFileSync(`${root}dist/${path}`, 'utf8')))).toEqual([])
})

test('packed it is at most 460 kB, with the documents that the README leads to', async () => {
  const flags = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error']
  const { stdout } = await promisify(execFile)('npm', flags, { cwd: root, env: cleanEnv() })
  const [packed]: { size: number; files: { path: string }[] }[] = JSON.parse(stdout)
  expect(packed?.size).toBeLessThanOrEqual(460_000)
  expect(packed?.files.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['README.md', 'llms.txt', 'docs/README.md', 'docs/reference/openapi.yaml']),
  )
})

describe('whoever does not read `exports`', () => {
  const others = paths.filter(([path]) => path !== '.')

  test.each(others)('finds a folder in place of %s', (path, target) => {
    const folder = `${root}${path.slice(2)}`
    // A path, so that Node resolves it as it did before there were exports.
    expect(createRequire(import.meta.url).resolve(folder)).toBe(root + target.default.slice(2))
    expect(ts.sys.resolvePath(`${folder}/${JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).types}`)).toBe(
      root + target.types.slice(2),
    )
  })
})

// That they compile is a matter of the slow tests.
describe('TypeScript finds the types of each entry', () => {
  const { Node10, Node16, NodeNext, Bundler } = ts.ModuleResolutionKind
  const { CommonJS, ESNext } = ts.ModuleKind

  test.each<[string, ts.ModuleResolutionKind, ts.ResolutionMode, string]>([
    ['node10', Node10, undefined, 'cjs'],
    ['node16 from CommonJS', Node16, CommonJS, 'cjs'],
    ['node16 from ESM', Node16, ESNext, 'esm'],
    ['nodenext from CommonJS', NodeNext, CommonJS, 'cjs'],
    ['nodenext from ESM', NodeNext, ESNext, 'esm'],
    ['bundler', Bundler, ESNext, 'esm'],
  ])('under %s', (_, moduleResolution, mode, half) => {
    const folder = mkdtempSync(`${root}test/.package-`)
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(`${folder}/node_modules`)
    symlinkSync(root, `${folder}/node_modules/passport-phonecheck`)
    const found = specifiers.map((name) => {
      const { resolvedModule } = ts.resolveModuleName(
        name,
        `${folder}/user.ts`,
        { moduleResolution },
        ts.sys,
        undefined,
        undefined,
        mode,
      )
      return resolvedModule && relative(root, resolvedModule.resolvedFileName)
    })
    expect(found).toEqual(paths.map(([, { types }]) => types.replace('./dist/cjs/', `dist/${half}/`)))
  })
})
