import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tracked } from '../support/children.js'
import { cleanEnv, isOffline, type Kind, kinds, type Packed, packAndInstall, root, run } from './apps.js'

let packed: Packed | undefined

beforeAll(async () => {
  if (process.env['CI'] || !(await isOffline())) packed = await packAndInstall()
}, 1_200_000)
afterAll(() => packed?.remove())
beforeEach(({ skip }) => skip(packed === undefined, 'because the npm registry cannot be reached'))

function appOf(kind: Pick<Kind, 'format' | 'express'>): string {
  const [, app] =
    [...(packed?.apps ?? [])].find(([{ format, express }]) => format === kind.format && express === kind.express) ?? []
  if (app === undefined) throw new Error('no such app')
  return app
}

describe('the installed package', { concurrent: true, timeout: 1_200_000 }, () => {
  test.for(kinds)('logs in: $format, Express $express, Passport $passport', async (kind, { expect }) => {
    const result = JSON.parse(await run('node', [kind.format === 'esm' ? 'app.mjs' : 'app.cjs'], appOf(kind)))
    expect(result).toMatchObject({
      anonymous: null,
      started: 201,
      refused: [400, expect.stringMatching(/^application\/problem\+json/), 'invalid_request'],
      login: [200, { user: { number: '+12025550100' }, method: 'phonecheck' }],
      user: { number: '+12025550100' },
      sessionChanged: true,
    })
    // Two copies of the code in one process, which know each other's errors.
    expect(result).toMatchObject({ separateClasses: true, foreignErrorIsOurs: true, anyErrorIsOurs: false })
    expect(result.names[0]).toContain('PhoneCheckStrategy')
    expect(result.names[0]).toEqual(result.names[1])
  })

  const tsc = [
    `${root}node_modules/typescript/bin/tsc`,
    '--noEmit',
    '--ignoreConfig',
    '--strict',
    '--exactOptionalPropertyTypes',
  ]
  const settings = ['--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2022', '--types', 'node', '--module']
  const resolutions: Record<string, string[]> = {
    node10: [
      'commonjs',
      '--moduleResolution',
      'node10',
      '--esModuleInterop',
      '--ignoreDeprecations',
      '6.0',
      'consumer.ts',
    ],
    node16: ['node16', 'consumer.mts', 'consumer.cts'],
    nodenext: ['nodenext', 'consumer.mts', 'consumer.cts'],
    bundler: ['esnext', '--moduleResolution', 'bundler', 'consumer.ts'],
  }
  const modules = kinds
    .filter(({ format }) => format === 'esm')
    .flatMap(({ express }) =>
      Object.entries(resolutions).map(([resolution, flags]) => ({ express, resolution, flags })),
    )

  test.for(modules)(
    'compiles without skipLibCheck: types of Express $express, resolution $resolution',
    async ({ express, flags }) => {
      await run('node', [...tsc, ...settings, ...flags], appOf({ format: 'esm', express }))
    },
  )

  test('compiles in a program that imports nothing else', async () => {
    await run(
      'node',
      [...tsc, ...settings, 'nodenext', 'minimal.mts', 'minimal.cts'],
      appOf({ format: 'esm', express: '5' }),
    )
  })

  test('npx finds the command', async ({ expect }) => {
    const usage = await run(
      'npx',
      ['--no', '--', 'passport-phonecheck', '--help'],
      appOf({ format: 'cjs', express: '4' }),
    )
    expect(usage).toContain('passport-phonecheck simulator')
  })

  test('the command serves the simulator', async ({ expect, onTestFinished }) => {
    const bin = `${appOf({ format: 'cjs', express: '5' })}/node_modules/.bin/passport-phonecheck`
    const child = tracked(
      spawn(bin, ['simulator', '--port', '0'], { env: cleanEnv(), stdio: ['ignore', 'pipe', 'inherit'] }),
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line))?.[0]

    const answer = await fetch(`${url}/oauth2/v1/token`, { method: 'POST' })
    expect(answer.status).toBe(401)

    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('the tarball', () => {
  const wanted =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|llms\.txt|docs\/.+\.(md|yaml|json)|dist\/cjs\/package\.json|dist\/(esm|cjs)\/.+\.(js|d\.ts)|(client|otel|react|simulator|stores\/(redis|postgres)|testing)\/package\.json)$/

  test('holds what a user needs and nothing else', () => {
    expect(packed?.files.filter((path) => !wanted.test(path))).toEqual([])
    const documents = [
      'package.json',
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'llms.txt',
      'docs/README.md',
      'docs/reference/errors.md',
    ]
    expect(packed?.files).toEqual(expect.arrayContaining(documents))
  })

  test('holds no code without a source', () => {
    const code = packed?.files.filter((path) => path.startsWith('dist/') && !path.endsWith('/package.json')) ?? []
    expect(code.length).toBeGreaterThan(100)
    const source = (path: string) => path.replace(/^dist\/(esm|cjs)\//, 'src/').replace(/\.(js|d\.ts)$/, '.ts')
    expect(code.filter((path) => !existsSync(root + source(path)))).toEqual([])
  })
})
