import { readdirSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import { needs } from './needs.js'

/** Projects that `npm run test:slow` runs, and their folders. */
const slow = ['package', 'browser', 'chaos']

/** Says last what did not run, and the line that brings it: a green run must not look like more than it was. */
export class ClosingWords implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const lines = await wordsOf(
      modules.filter((module) => module.ok() && [...module.children.allTests('skipped')].length > 0),
    )
    // Somebody who asked for a few files knows that there are others.
    if (modules.length > 100 && !modules.some(({ project }) => slow.includes(project.name))) {
      const files = slow
        .flatMap((folder) => readdirSync(`test/${folder}`))
        .filter((path) => path.endsWith('.test.ts')).length
      lines.push(
        `Left out: ${files} files of slow tests (kills, soaks, packages from the registry, the browser). \`npm run test:slow\` runs them.`,
      )
    }
    if (lines.length > 0) console.log(`\n${lines.join('\n')}\n`)
  }
}

async function wordsOf(modules: readonly TestModule[]): Promise<string[]> {
  if (modules.length === 0) return []
  const lines: string[] = []
  let total = 0
  for (const module of modules) {
    const tests = [...module.children.allTests('skipped')]
    total += tests.length
    const notes = new Set(
      tests.map((one) => one.result()).map((result) => (result.state === 'skipped' && result.note) || ''),
    )
    notes.delete('')
    lines.push([`  ${module.relativeModuleId}: ${tests.length}`, ...notes].join(', '))
  }
  lines.unshift(`Skipped: ${total} tests.`)
  for (const { what, isMet, bring } of Object.values(needs)) {
    if (!(await isMet())) lines.push(`This machine lacks ${what}. To have it: ${bring}`)
  }
  return lines
}
