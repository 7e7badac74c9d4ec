import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { tracked } from '../children.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
// Not tsx's own command, which starts a second process that a kill does not reach.
const tsx = import.meta.resolve('tsx')

export interface Run {
  /** What it printed so far. */
  readonly output: { stdout: string; stderr: string }
  /** Resolves with the first address that it prints. */
  readonly address: Promise<string>
  /** Resolves with the exit code once it has ended. */
  readonly ended: Promise<number | null>
  /** Types a line. */
  type(line: string): void
  kill(signal: NodeJS.Signals): void
}

/** The real thing, as `npm start` runs it. */
export function runDemo(env: Record<string, string> = {}): Run {
  return runExample('session-login/demo.ts', env)
}

/** One of the examples, as its README runs it: on the package as it is built. */
export function runExample(script: string, env: Record<string, string> = {}): Run {
  // Vitest sets NODE_ENV for itself; a newcomer has none.
  const { NODE_ENV: _, ...inherited } = process.env
  const child = tracked(
    spawn(process.execPath, ['--import', tsx, `examples/${script}`], {
      cwd: root,
      env: { ...inherited, TSX_TSCONFIG_PATH: 'examples/tsconfig.json', PORT: '0', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )
  const output = { stdout: '', stderr: '' }
  const address = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk
      const url = /(http:\/\/\S+).*\n/.exec(output.stdout)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  return {
    output,
    ended,
    address,
    type: (line) => void child.stdin.write(`${line}\n`),
    kill: (signal) => void child.kill(signal),
  }
}

export interface Demo extends Run {
  readonly url: string
}

/** Waits until the demo says where it is. */
export async function startDemo(env?: Record<string, string>): Promise<Demo> {
  const run = runDemo(env)
  const url = await Promise.race([run.address, run.ended.then(() => undefined)])
  if (url === undefined) throw new Error(`The demo did not start: ${run.output.stderr}`)
  return { ...run, url }
}

export async function stopDemo(demo: Run): Promise<void> {
  demo.kill('SIGTERM')
  await demo.ended
}
