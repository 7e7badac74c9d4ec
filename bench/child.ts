import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Question, Usage } from './server.js'

const children = new Set<ChildProcess>()
const canPin = cpus().length > 1 && has('taskset')

/**
 * Puts the load generator and the vendor, which are this process, on a core of their own.
 * @returns how the cores are used, for the report
 */
export function pinLoad(): string {
  if (!canPin) return 'processes not pinned to cores'
  execFileSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)], { stdio: 'ignore' })
  return 'each server in its own process on core 0, vendor and load generator on core 1 (taskset)'
}

/** A Node process on the servers' core, in production mode. It ends with this one. */
export function spawnPinned(
  file: string,
  args: readonly string[],
  flags: readonly string[] = [],
  at: URL | string = import.meta.url,
): ChildProcess {
  const node = [process.execPath, ...flags, fileURLToPath(new URL(file, at)), ...args]
  const [command = '', ...rest] = canPin ? ['taskset', '-c', '0', ...node] : node
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(command, rest, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...env, NODE_ENV: 'production' },
  })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** The next message of a child. @throws Error when it ends instead */
export function messageOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) =>
      reject(new Error(`${child.spawnargs.slice(-3).join(' ')} ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.removeListener('exit', ended)
      resolve(message as T)
    })
  })
}

export function killAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** A contestant that is up. */
export class ServerProcess {
  readonly name: string
  readonly port: number
  readonly #child: ChildProcess
  #asked = 0

  private constructor(name: string, port: number, child: ChildProcess) {
    this.name = name
    this.port = port
    this.#child = child
  }

  /** @param at where the benchmark of another build is; default: this one */
  static async start(name: string, vendorUrl: string, pending = 0, at?: URL): Promise<ServerProcess> {
    const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean)
    const child = spawnPinned('./server.js', [name, vendorUrl, String(pending)], flags, at)
    const { port } = await messageOf<{ port: number }>(child)
    return new ServerProcess(name, port, child)
  }

  async usage(question: Question = 'usage'): Promise<Usage> {
    this.#asked += 1
    const answer = messageOf<{ id: number; usage: Usage }>(this.#child)
    this.#child.send({ id: this.#asked, question })
    const { id, usage } = await answer
    if (id !== this.#asked) throw new Error(`${this.name} answered another question`)
    return usage
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => {
      this.#child.once('exit', resolve)
    })
    this.#child.send({ id: 0, question: 'stop' })
    await ended
  }
}

function has(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
