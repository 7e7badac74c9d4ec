import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'

// A test that fails, or a worker that is killed, must leave no server behind.

/** Set by vitest's global set-up, for the workers. */
const folderName = 'TEST_CHILDREN'

/** Ends with this run of the tests at the latest, whatever becomes of the test that started it. */
export function tracked<Child extends ChildProcess>(child: Child): Child {
  const folder = process.env[folderName]
  if (folder === undefined || child.pid === undefined) return child
  const note = `${folder}/${child.pid}`
  writeFileSync(note, '')
  child.once('exit', () => rmSync(note, { force: true }))
  return child
}

/** For `globalSetup`. @returns what runs after all tests: ends every process that is still on record */
export function setup(): () => void {
  const folder = mkdtempSync(`${tmpdir()}/phonecheck-children-`)
  process.env[folderName] = folder
  return () => {
    for (const pid of readdirSync(folder)) {
      try {
        process.kill(Number(pid), 'SIGKILL')
        console.warn(`Ended process ${pid}, which a test had left.`)
      } catch {
        // It has ended by itself.
      }
    }
    rmSync(folder, { recursive: true, force: true })
  }
}
