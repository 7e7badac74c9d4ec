// vitest's runner in the worker of runner.mjs: stays where the first file would begin, and runs what
// it is asked for, with one mutant active at a time. Modules of src stay loaded, but for mutants that
// act while they are loaded.
import { once } from 'node:events'
import { relative } from 'node:path'
import { BroadcastChannel } from 'node:worker_threads'
import { startTests } from '@vitest/runner'
import { inject, TestRunner } from 'vitest'

/** A test that hangs has noticed the mutant; the others need far less. */
const testTimeoutMs = 15_000

globalThis.__stryker__ ??= {}
const stryker = globalThis.__stryker__

export default class extends TestRunner {
  #wasStatic = false

  async onBeforeRunFiles([file]) {
    const channel = new BroadcastChannel(inject('mutationChannel'))
    channel.postMessage('ready')
    for (;;) {
      const [{ data }] = await once(channel, 'message')
      if (data === 'end') break
      channel.postMessage(await this.#judge(data))
    }
    channel.close()
    file.mode = 'skip'
  }

  async #judge({ mutant, hitLimit, tests, isStatic }) {
    let nrOfTests = 0
    if (isStatic || this.#wasStatic) this.#unload()
    this.#wasStatic = isStatic
    try {
      for (const [filepath, names] of Object.entries(tests)) {
        const activate = () => Object.assign(stryker, { activeMutant: mutant, hitLimit, hitCount: 0 })
        if (isStatic) activate()
        const { failed, count } = await this.#run(filepath, names, activate)
        nrOfTests += count
        if (stryker.hitCount > hitLimit) return { status: 'timeout', reason: `Hit limit reached (${hitLimit})` }
        if (failed) return { status: 'killed', killedBy: [failed.id], failureMessage: failed.message, nrOfTests }
      }
      return { status: 'survived', nrOfTests }
    } finally {
      stryker.activeMutant = undefined
    }
  }

  /** Forgets all modules of the project. */
  #unload() {
    const { evaluatedModules } = this.workerState
    for (const module of evaluatedModules.idToModuleMap.values())
      if (!module.file.includes('/node_modules/')) evaluatedModules.invalidateModule(module)
  }

  /** @returns the first test of this file that fails, and how many were run */
  async #run(filepath, names, activate) {
    const { evaluatedModules } = this.workerState
    for (const module of evaluatedModules.fileToModulesMap.get(filepath) ?? [])
      evaluatedModules.invalidateModule(module)
    let failed
    let count = 0
    const one = new TestRunner({ ...this.config, testTimeout: testTimeoutMs, hookTimeout: testTimeoutMs })
    Object.defineProperty(one, 'moduleRunner', { value: this.moduleRunner })
    one.__setTraces(this._otel)
    one.onBeforeRunFiles = activate
    // A worker tells vitest of snapshots here; this run is none of vitest's.
    one.onAfterRunSuite = () => {}
    const { onAfterRunTask } = one
    one.onAfterRunTask = (test) => {
      onAfterRunTask.call(one, test)
      count++
      if (test.result?.state !== 'fail' || failed) return
      failed = { id: idOf(test), message: test.result.errors?.[0]?.message ?? '' }
      one.cancelRun = true
    }
    const testNamePattern = names && new RegExp(names.map(escaped).join('|'))
    const [file] = await startTests([{ filepath, testNamePattern }], one)
    if (!failed && file.result?.state === 'fail') {
      const message = file.result.errors?.[0]?.message ?? 'The file failed outside of its tests.'
      failed = { id: `${relative(process.cwd(), filepath)}#${names?.[0] ?? ''}`, message }
    }
    return { failed, count }
  }
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** As Stryker's own runner names them. */
function idOf(test) {
  const names = []
  for (let one = test; one; one = one.suite) names.unshift(one.name)
  return `${relative(process.cwd(), test.file.filepath)}#${names.join(' ').trim()}`
}
