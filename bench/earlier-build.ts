import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Builds an earlier version of the package, with this version's benchmark in it and this folder's
 * dependencies: what is compared is the library alone.
 * @param ref a commit, branch or tag
 * @returns where the benchmark's compiled files are in it
 * @throws Error when git has no such commit, or it does not build
 */
export function earlierBuild(ref: string): { commit: string; benchmark: URL } {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, maxBuffer: 1e9 })
  const commit = git('rev-parse', '--short', '--verify', `${ref}^{commit}`).toString().trim()
  // Outside the project, whose tools would take it for a part of it.
  const folder = join(tmpdir(), 'passport-phonecheck-bench', commit, '/')
  if (!existsSync(`${folder}dist/esm/index.js`)) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    execFileSync('tar', ['-x', '-C', folder], { input: git('archive', commit) })
    symlinkSync(`${root}node_modules`, `${folder}node_modules`)
    const compiler = `${root}node_modules/typescript/bin/tsc`
    execFileSync(process.execPath, [compiler, '-b', 'tsconfig.esm.json'], { cwd: folder, stdio: 'inherit' })
  }
  // A package finds itself by the package.json above: these files measure the build in their folder.
  cpSync(`${root}bench/.build`, `${folder}bench/.build`, { recursive: true })
  return { commit, benchmark: pathToFileURL(`${folder}bench/.build/`) }
}
