import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { tracked } from './children.js'
import { root } from './markdown.js'

// Not tsx's own command, which starts a second process that a kill does not reach.
const tsx = import.meta.resolve('tsx')

export interface Newcomer {
  /** Where the server listens. */
  readonly url: string
  /** What it has written so far. */
  said(): string
  stop(): Promise<void>
}

interface Options {
  file: `${string}.${'mts' | 'mjs'}`
  host: string
  install?: (folder: string) => void | Promise<void>
}

/**
 * Pastes a server into a file of an otherwise empty project, and runs it until it answers.
 * @param options.file its ending says how: `.mts` with tsx, `.mjs` with node alone
 * @param options.install gives the project its packages. Default: links the package as it is built
 * here, and what it needs
 */
export async function runServer(
  code: string,
  env: Record<string, string>,
  { file, host, install = link }: Options = { file: 'api.mts', host: '127.0.0.1' },
): Promise<Newcomer> {
  const folder = mkdtempSync(`${tmpdir()}/newcomer-`)
  await install(folder)
  writeFileSync(`${folder}/${file}`, code)

  const port = await freePort()
  const { child, said } = run(folder, file, { ...env, PORT: String(port) })
  const url = `http://${host}:${port}`
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    rmSync(folder, { recursive: true })
  }
  try {
    if (!(await answers(url, child))) throw new Error(`The server did not start: ${said()}`)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, said, stop }
}

/** Runs a server that is expected to end by itself, before it announces anything. */
export async function runToEnd(
  code: string,
  env: Record<string, string>,
): Promise<{ status: number | null; said: string }> {
  const folder = mkdtempSync(`${tmpdir()}/newcomer-`)
  try {
    link(folder)
    writeFileSync(`${folder}/app.mjs`, code)
    const { child, said } = run(folder, 'app.mjs', env)
    const closed = once(child, 'close')
    child.stdout.once('data', () => child.kill('SIGKILL'))
    await closed
    return { status: child.exitCode, said: said() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(folder: string, file: string, env: Record<string, string>) {
  // Vitest sets NODE_ENV for itself; a newcomer has none.
  const { NODE_ENV: _, ...inherited } = process.env
  const child = spawn(process.execPath, [...(file.endsWith('.mts') ? ['--import', tsx] : []), file], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  tracked(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  }
  return { child, said: () => said }
}

function link(folder: string): void {
  mkdirSync(`${folder}/node_modules`)
  symlinkSync(root, `${folder}/node_modules/passport-phonecheck`)
  for (const name of ['express', 'express-session', 'passport'])
    symlinkSync(`${root}node_modules/${name}`, `${folder}/node_modules/${name}`)
}

/** @returns false when the process has ended before it answered */
async function answers(url: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    if (await fetch(url).catch(() => undefined)) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}

/** For a server that does not say which port it got. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
