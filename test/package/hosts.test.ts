import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codeBlocks, readText } from '../support/markdown.js'
import { answers, shared } from '../support/needs.js'
import { isOffline, makeProject, pack, root, run } from './apps.js'

// The packed tarball where users run it: other runtimes, test runners, frameworks, bundlers and
// package managers, each from the registry.

let base: string | undefined
let tarball = ''

beforeAll(async () => {
  if (!process.env['CI'] && (await isOffline())) return
  base = await mkdtemp(join(tmpdir(), 'phonecheck-hosts-'))
  tarball = join(base, (await pack(base)).filename)
}, 1_200_000)
afterAll(() => base && rm(base, { recursive: true, force: true }))
beforeEach(({ skip }) => skip(base === undefined, 'because the npm registry cannot be reached'))

/** A project of this name with the package and others. */
function project(name: string, type: 'module' | 'commonjs', ...packages: string[]): Promise<string> {
  return makeProject(join(base ?? '', name), type, [tarball, ...packages])
}

const server = ['express@5', 'passport@0.7', 'express-session@1']
const number = '+12025550100'
const journey = {
  started: 201,
  refused: [400, expect.stringContaining('problem+json'), 'invalid_request'],
  login: [200, expect.anything()],
}
const bareJourney = { started: 201, refused: [401, 'flow_invalid'], login: { status: 200, body: { number } } }

describe('a login, in ESM and CommonJS', { timeout: 1_200_000 }, () => {
  let app = ''
  beforeAll(async () => {
    if (base === undefined) return
    const { engines } = JSON.parse(readText('package.json'))
    const [, oldest] = /\^(20\.\d+\.\d+)/.exec(engines.node) ?? []
    const [, next] = />=(22\.\d+\.\d+)/.exec(engines.node) ?? []
    const nodes = [`node-oldest@npm:node@${oldest}`, `node-next@npm:node@${next}`, 'node-newest@npm:node@latest']
    app = await project(
      'runtimes',
      'commonjs',
      ...server,
      ...nodes,
      'bun@1',
      'deno@2',
      'serverless-http@4',
      'metro-resolver',
    )
  }, 1_200_000)

  test.each([
    ['the oldest Node that engines admits', ['node_modules/node-oldest/bin/node']],
    ['the oldest of the next line', ['node_modules/node-next/bin/node']],
    ['the newest Node', ['node_modules/node-newest/bin/node']],
    ['a Node that cannot require ES modules', ['node', '--no-experimental-require-module']],
    ['Bun', ['node_modules/.bin/bun']],
    ['Deno', ['node_modules/.bin/deno', 'run', '--allow-all', '--quiet']],
  ])('%s', async (_, [command = '', ...flags]) => {
    for (const file of ['app.mjs', 'app.cjs']) {
      const bin = command === 'node' ? command : join(app, command)
      expect(JSON.parse(await run(bin, [...flags, file], app)), file).toMatchObject(journey)
    }
  })

  test('bundled by esbuild as one ES module', async () => {
    const banner = {
      js: "import { createRequire as requireAt } from 'node:module'; const require = requireAt(import.meta.url)",
    }
    await build({
      entryPoints: [join(app, 'bundled.mjs')],
      outfile: join(app, 'out/bundle.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner,
      logLevel: 'silent',
    })
    expect(JSON.parse(await run('node', ['out/bundle.mjs'], app))).toMatchObject(journey)
  })

  test('behind serverless-http, as on AWS Lambda', async () => {
    expect(JSON.parse(await run('node', ['serverless.cjs'], app))).toEqual(bareJourney)
  })

  test("by the contract of API routes in Next's pages", async () => {
    expect(JSON.parse(await run('node', ['next-pages.cjs'], app))).toEqual(bareJourney)
  })

  test('Metro finds the client, with exports and without', async () => {
    const found: string[] = JSON.parse(await run('node', ['metro.cjs'], app))
    const either = expect.stringMatching(/^passport-phonecheck\/dist\/(esm|cjs)\/client\/index\.js$/)
    expect(found).toEqual([either, 'passport-phonecheck/dist/cjs/client/index.js'])
  })
})

describe('other hosts', { timeout: 1_200_000 }, () => {
  test.each(['29', '30'])('a login in Jest %s without configuration', async (major) => {
    const app = await project(`jest-${major}`, 'commonjs', ...server, `jest@${major}`)
    const load = (names: string[]) => names.map((name) => `require('${name}')`).join(', ')
    await writeFile(
      join(app, 'login.test.js'),
      `const { journey } = require('./journey.cjs')
test('logs in', async () => {
  const [express, session, passport, library, { startSimulator }] = [${load(['express', 'express-session', 'passport', 'passport-phonecheck', 'passport-phonecheck/simulator'])}]
  expect(await journey({ express, session, passport, library, startSimulator })).toMatchObject({ started: 201, login: [200, {}] })
}, 60_000)
test('loginAs', async () => {
  const { app } = require('./testing-app.cjs')
  const { loginAs } = require('passport-phonecheck/testing')
  expect(await loginAs(app, '+12025550100')).toMatchObject({ status: 200, body: { id: '+12025550100' } })
})
test.each(['client', 'otel', 'testing', 'stores/redis', 'stores/postgres'])('%s loads', (name) => {
  expect(Object.keys(require('passport-phonecheck/' + name))).not.toEqual([])
})
`,
    )
    await run(join(app, 'node_modules/.bin/jest'), ['--runInBand'], app)
  })

  test.each(['10', '12'])(
    'NestJS %s logs in by docs/guides/nestjs.md, whose guard hands on what a refusal says',
    async (major) => {
      const nest = ['core', 'common', 'platform-express', 'passport'].map((name) => `@nestjs/${name}@${major}`)
      const others = [
        'reflect-metadata',
        'rxjs',
        'passport@0.7',
        '@types/node@20',
        '@types/passport@1',
        '@types/express@5',
      ]
      const app = await project(`nest-${major}`, 'module', ...nest, ...others)
      await writeFile(join(app, 'nest-app.mts'), codeBlocks(readText('docs/guides/nestjs.md'), 'typescript').join('\n'))
      const flags = [
        '--ignoreConfig',
        '--strict',
        '--skipLibCheck',
        '--target',
        'es2023',
        '--module',
        'nodenext',
        '--experimentalDecorators',
      ]
      await run('node', [`${root}node_modules/typescript/bin/tsc`, ...flags, '--types', 'node', 'nest-app.mts'], app)
      expect(JSON.parse(await run('node', ['nest.mjs'], app))).toEqual({
        started: 201,
        foreign: { status: 401, body: expect.objectContaining({ code: 'flow_invalid', message: expect.any(String) }) },
        outage: 503,
        login: { status: 201, body: { id: 'user of US' } },
      })
    },
  )

  test('node:http, Fastify and Hono log in by docs/guides/frameworks.md, without Express', async () => {
    const frameworks = ['fastify@5', '@fastify/express@4', 'hono@4', '@hono/node-server@1', 'passport@0.7']
    const app = await project('frameworks', 'module', ...frameworks)
    const guide = readText('docs/guides/frameworks.md')
    const [adapter = ''] = codeBlocks(guide, 'ts')
    const servers = codeBlocks(guide, 'typescript')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
    const save = (name: string, code: string) =>
      writeFile(
        join(app, `${name}.mjs`),
        ts.transpileModule(code.replaceAll("'./login.js'", "'./login.mjs'"), { compilerOptions }).outputText,
      )
    await save('login', `import { jwt, phone } from './phone.mjs'\n${adapter.replaceAll(/^declare const .*$/gm, '')}`)
    for (const [name, start] of [
      ['node-http', 'import { createServer }'],
      ['fastify', 'import fastifyExpress'],
      ['hono', 'import { type HttpBindings'],
    ] as const) {
      await save(name, servers.find((code) => code.startsWith(start)) ?? '')
      expect(JSON.parse(await run('node', ['frameworks.mjs', name], app)), name).toEqual({
        started: 201,
        stranger: [401, 'flow_invalid'],
        mismatch: [401, 'mismatch'],
        next: [201, 'coded'],
        login: [200, 'string'],
        refreshed: 200,
        own: name === 'node-http' ? [404, ''] : [200, 'hello'],
      })
    }
  })

  test.each(['18', '19'])('React %s renders the hook on a server, and logs in once in StrictMode', async (major) => {
    const packages = ['react', 'react-dom', 'react-test-renderer'].map((name) => `${name}@${major}`)
    const app = await project(`react-${major}`, 'module', ...packages)
    expect(JSON.parse(await run('node', ['react.mjs'], app))).toEqual({
      server: '<p>idle</p>',
      waiting: 'waiting_for_code',
      done: 'done',
      asked: ['/login/phone', '/login/phone/verify'],
    })
  })

  test("OpenTelemetry's SDK shows a login as a tree of spans, and Prometheus reads its metrics", async () => {
    const sdk = ['api@1', 'sdk-trace-node@2', 'sdk-metrics@2', 'exporter-prometheus'].map(
      (name) => `@opentelemetry/${name}`,
    )
    const app = await project('otel', 'module', ...server, ...sdk)
    const { named, page } = JSON.parse(await run('node', ['otel.mjs'], app))
    expect(named).toEqual(
      expect.arrayContaining([
        ['phonecheck rung', 'phonecheck start'],
        ['phonecheck provider redeem', 'phonecheck redeem'],
      ]),
    )
    expect(page).toMatch(/^phonecheck_step_duration(_seconds)?_bucket\{.*phonecheck_step="redeem"/m)
    expect(page).toMatch(/^phonecheck_events_total\{.*phonecheck_event_type="identity_verified"/m)
    expect(page).toMatch(/^phonecheck_verdicts_total\{.*phonecheck_outcome="verified"/m)
  })

  test('the strategy of docs/guides/web-page.md compiles after the install lines of README and guide, with pnpm', async () => {
    const guide = readText('docs/guides/web-page.md')
    const lines =
      [readText('README.md'), guide]
        .flatMap((text) => codeBlocks(text, 'sh'))
        .join('\n')
        .match(/\bnpm install .*$/gm)
        ?.slice(0, 2) ?? []
    expect(lines).toEqual([
      expect.stringContaining('passport-phonecheck passport'),
      expect.stringContaining('@types/passport'),
    ])
    const app = await project('pnpm', 'module', 'pnpm@10')
    await writeFile(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const pnpm = (...rest: string[]) =>
      run('node', [join(app, '../pnpm-tool/pnpm/bin/pnpm.cjs'), '--store-dir', '../pnpm-store', ...rest], app)
    await run(
      'node',
      [
        '-e',
        `fs.mkdirSync('../pnpm-tool'); fs.renameSync('node_modules/pnpm', '../pnpm-tool/pnpm'); fs.rmSync('node_modules', { recursive: true })`,
      ],
      app,
    )
    for (const line of lines) {
      const words = line.replace(/#.*/, '').trim().split(/\s+/).slice(2)
      await pnpm('add', ...words.map((word) => (word === 'passport-phonecheck' ? tarball : word)))
    }
    await writeFile(join(app, 'quick.ts'), codeBlocks(guide, 'ts')[0] ?? '')
    const flags = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2023',
      '--types',
      'node',
      '--module',
      'nodenext',
    ]
    await run('node', [`${root}node_modules/typescript/bin/tsc`, ...flags, 'quick.ts'], app)
  })

  test('clients of Redis: those that cannot serve are refused, and Upstash serves as docs/guides/stores.md says', async ({
    skip,
  }) => {
    if (!process.env['CI']) skip(!(await answers(shared.redis)), 'because there is no Redis')
    const app = await project(
      'redis',
      'commonjs',
      'redis4@npm:redis@4',
      'redis3@npm:redis@3',
      '@upstash/redis@1',
      'ioredis@5',
    )
    const block =
      codeBlocks(readText('docs/guides/stores.md'), 'ts').find((code) => code.includes('const upstash: {')) ?? ''
    const { outputText } = ts.transpileModule(block, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    })
    await writeFile(
      join(app, 'upstash.cjs'),
      `exports.wrap = (upstash) => {\n${outputText.replace(/^export .*$/m, '')}\nreturn client\n}\n`,
    )
    const { complaints, served, left } = JSON.parse(
      await run('node', ['redis-clients.cjs', String(shared.redis.port)], app),
    )
    expect(complaints).toEqual({
      upstash: expect.stringContaining("TypeError: RedisStore: client cannot be used: this one is of '@upstash/redis'"),
      cluster: expect.stringContaining('MOVED'),
      legacyMode: expect.stringContaining('legacyMode'),
      redis3: expect.stringContaining("'redis' 3"),
      fine: 'nothing',
    })
    expect(served).toEqual([{ allowed: true }, false, true, '{"json":1}', null])
    expect(left).toBe(0)
  })
})
