// A test runner for Stryker. Its own one opens a worker for each mutant, which loads express and all
// of src anew: seconds, for tests that need milliseconds. This one keeps a worker in which everything
// is loaded, loaded-worker.mjs.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BroadcastChannel } from 'node:worker_threads'
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin'
import { strykerPlugins as standard } from '@stryker-mutator/vitest-runner'
import { createVitest } from 'vitest/node'

/** @implements {import('@stryker-mutator/api/test-runner').TestRunner} */
class LoadedRunner {
  #standard
  #configFile
  #session
  #kills = new Map()

  constructor(standardRunner, configFile) {
    this.#standard = standardRunner
    this.#configFile = configFile
  }

  capabilities() {
    return this.#standard.capabilities()
  }

  init() {
    return this.#standard.init()
  }

  dryRun(options) {
    return this.#standard.dryRun(options)
  }

  async mutantRun({ testFilter, mutantActivation, activeMutant, hitLimit, sandboxFileName }) {
    this.#session ??= await this.#open()
    const { channel, ended, testFiles } = this.#session
    // Absent for a mutant that acts while modules are loaded: any test may notice that.
    const tests = this.#mostTellingFirst(testFilter ? byFile(testFilter) : nearestFirst(testFiles, sandboxFileName))
    const answered = once(channel, 'message')
    channel.postMessage({ mutant: activeMutant.id, hitLimit, tests, isStatic: mutantActivation === 'static' })
    const [{ data }] = await Promise.race([answered, ended])
    for (const id of data.killedBy ?? []) this.#kills.set(fileOf(id), this.#killsBy(fileOf(id)) + 1)
    return data
  }

  #killsBy(file) {
    return this.#kills.get(file) ?? 0
  }

  /** The files that noticed most mutants so far come first. */
  #mostTellingFirst(tests) {
    return Object.fromEntries(Object.entries(tests).toSorted(([a], [b]) => this.#killsBy(b) - this.#killsBy(a)))
  }

  async dispose() {
    if (this.#session) {
      const { channel, run, vitest } = this.#session
      channel.postMessage('end')
      await run
      channel.close()
      await vitest.close()
    }
    await this.#standard.dispose()
  }

  async #open() {
    const vitest = await createVitest('test', {
      config: this.#configFile,
      runner: fileURLToPath(new URL('./loaded-worker.mjs', import.meta.url)),
      pool: 'threads',
      maxWorkers: 1,
      isolate: false,
      watch: false,
      coverage: { enabled: false },
      reporters: [{}],
      onConsoleLog: () => false,
    })
    const name = randomUUID()
    vitest.provide('mutationChannel', name)
    const channel = new BroadcastChannel(name)
    const ready = once(channel, 'message')
    const testFiles = (await vitest.globTestSpecifications()).map(({ moduleId }) => moduleId)
    // Any file opens the worker.
    const run = vitest.start(testFiles.slice(0, 1))
    const ended = run.then(() => {
      throw new Error('The worker with the loaded tests ended.')
    })
    ended.catch(() => {})
    await Promise.race([ready, ended])
    return { vitest, channel, run, ended, testFiles }
  }
}

const fileOf = (testId) => resolve(testId.slice(0, testId.indexOf('#')))

/** Names of tests by their files. */
function byFile(testIds) {
  const tests = {}
  for (const id of testIds) {
    const file = fileOf(id)
    tests[file] = [...(tests[file] ?? []), id.slice(id.indexOf('#') + 1)]
  }
  return tests
}

/** All tests of all files, those of the mutant's own folder first. */
function nearestFirst(testFiles, sandboxFileName) {
  const folder = `/test/${basename(dirname(sandboxFileName))}/`
  const isNear = (file) => file.includes(folder)
  return Object.fromEntries(testFiles.toSorted((a, b) => isNear(b) - isNear(a)).map((file) => [file, undefined]))
}

function factory(injector) {
  const { vitest } = injector.resolve(commonTokens.options)
  return new LoadedRunner(injector.injectFunction(standard[0].factory), vitest.configFile)
}
factory.inject = tokens(commonTokens.injector)

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'loaded', factory)]
