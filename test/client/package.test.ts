import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { parse } from 'acorn'
import {
  type FetchLike,
  type OpenResult,
  type PhoneLogin,
  type PhoneLoginOptions,
  type Progress,
  phoneLogin,
  type StorageLike,
} from 'passport-phonecheck/client'
import type { FakeClock } from 'passport-phonecheck/testing'
import ts from 'typescript'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { bundle } from '../support/client/bundle.js'
import { number, world } from '../support/client/client.js'

test('is smaller than 4.75 kB, minified and gzipped', async () => {
  const size = gzipSync(await bundle(), { level: 9 }).length
  expect(size).toBeLessThan(4_750)
  expect(size, 'something is missing').toBeGreaterThan(3_000)
})

test('is published in the syntax of ES2020, which bundlers leave as it is', () => {
  for (const half of ['esm', 'cjs']) {
    const folder = fileURLToPath(new URL(`../../dist/${half}/client/`, import.meta.url))
    const files = readdirSync(folder).filter((name) => name.endsWith('.js'))
    expect(files).toContain('login.js')
    for (const name of files) {
      const text = readFileSync(folder + name, 'utf8')
      expect(
        () => parse(text, { ecmaVersion: 2020, sourceType: half === 'esm' ? 'module' : 'script' }),
        `${half} ${name}`,
      ).not.toThrow()
    }
  }
})

test('touches nothing when it is imported and when a login is made, and has neither require nor import', async () => {
  const code = await bundle({ format: 'iife', globalName: 'client' })
  expect(code).not.toMatch(/\b(require|import|process|Buffer)\b/)
  const touched: string[] = []
  const names = [
    'fetch',
    'location',
    'history',
    'document',
    'sessionStorage',
    'navigator',
    'setTimeout',
    'AbortController',
    'OTPCredential',
  ]
  const context = createContext({ touched })
  for (const name of [...names, 'addEventListener', 'process', 'performance', 'crypto', 'console']) {
    runInContext(`Object.defineProperty(globalThis, '${name}', { get() { touched.push('${name}') } })`, context)
  }
  runInContext(`${code}; client.phoneLogin(); client.phoneLogin({ baseUrl: 'https://x.example' }).progress`, context)
  expect(touched).toEqual([])
})

test('logs in where there is only what React Native has', async () => {
  const app = await world()
  const context = createContext({ fetch, AbortController, setTimeout, clearTimeout, open: app.open, console })
  runInContext(await bundle({ format: 'iife', globalName: 'client' }), context)
  const login: PhoneLogin = runInContext(`client.phoneLogin({ baseUrl: '${app.url}', open })`, context)
  expect(await login.start(number)).toMatchObject({ state: 'done', result: { method: 'phonecheck' } })
  expect((await login.resume()).state).toBe('done')

  const homeless: PhoneLogin = runInContext('client.phoneLogin()', context)
  await expect(homeless.start(number)).rejects.toThrow('phoneLogin: baseUrl is missing')
})

test('logs in with a virtual phone in place of the SDK, and hears why one cannot', async () => {
  const app = await world({ ladder: ['silent'] })
  const handset = app.sim.phone(number)
  const login = phoneLogin({ baseUrl: app.url, open: (url) => handset.openWithDataCellular(url) })
  expect(await login.start(number)).toMatchObject({ state: 'done', result: { method: 'phonecheck' } })
  handset.mobileData = false
  expect(await login.start(number)).toMatchObject({
    state: 'failed',
    problem: { code: 'rung_unable', reason: 'sdk_no_data_connectivity' },
  })
})

describe('types', () => {
  const index = fileURLToPath(new URL('../../src/client/index.ts', import.meta.url))

  function complaints(options: ts.CompilerOptions, text = ''): string[] {
    const strict = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      types: [],
    }
    const all = { ...strict, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, ...options }
    const user = fileURLToPath(new URL('user.ts', import.meta.url))
    const host = ts.createCompilerHost(all)
    const { fileExists, readFile, getSourceFile } = host
    const own = `import { phoneLogin } from '../../src/client/index.js'\n${text}\nexport {}`
    host.fileExists = (path) => path === user || fileExists(path)
    host.readFile = (path) => (path === user ? own : readFile(path))
    host.getSourceFile = (path, version, ...rest) =>
      path === user ? ts.createSourceFile(path, own, version) : getSourceFile(path, version, ...rest)
    const program = ts.createProgram([index, user], all, host)
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  }

  test('need no types of a platform', () => {
    expect(complaints({ lib: ['lib.es2022.d.ts'] }, 'phoneLogin().start("").then(({ state }) => state)')).toEqual([])
  })

  test('fit a browser’s', () => {
    const use = `phoneLogin({ fetch, storage: localStorage }).start('', { signal: new AbortController().signal })
      phoneLogin({ fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, 'x-csrf': '1' } }) })`
    expect(complaints({ lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'] }, use)).toEqual([])
  })

  test('tell states apart', () => {
    const login = phoneLogin<{ token: string }>()
    const { progress } = login
    if (progress.state === 'done') expectTypeOf(progress.result).toEqualTypeOf<{ token: string }>()
    if (progress.state === 'waiting_for_sms') expectTypeOf(progress.href).toEqualTypeOf<string>()
    if (progress.state === 'waiting_for_code') expectTypeOf(progress.attemptsLeft).toEqualTypeOf<number | undefined>()
    if (progress.state === 'failed') {
      expectTypeOf(progress.problem.action).toEqualTypeOf<'retry' | 'fallback' | 'restart' | 'wait' | 'stop'>()
      expectTypeOf(progress.fallback).toEqualTypeOf<readonly string[]>()
    }
    // @ts-expect-error not known before the state is
    expect(progress.result).toBeUndefined()
    expectTypeOf<Progress['state']>().toEqualTypeOf<
      | 'idle'
      | 'starting'
      | 'opening'
      | 'waiting_for_sms'
      | 'waiting_for_code'
      | 'checking'
      | 'falling_back'
      | 'resending'
      | 'done'
      | 'failed'
    >()
    expectTypeOf(phoneLogin()).toEqualTypeOf<PhoneLogin<unknown>>()
    expectTypeOf<typeof fetch>().toExtend<FetchLike>()
    expectTypeOf<Storage>().toExtend<StorageLike>()
    expectTypeOf<FakeClock>().toExtend<NonNullable<PhoneLoginOptions['clock']>>()
    // What the SDK for React Native declares.
    expectTypeOf<{
      http_status: number
      response_body?: { check_id: string; code?: string; error?: string }
    }>().toExtend<OpenResult>()
    expectTypeOf<{ error: string; error_description?: string; debug?: object }>().toExtend<OpenResult>()
    // @ts-expect-error an unknown option
    phoneLogin({ onDone() {} })
  })
})
