import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
export const root = fileURLToPath(new URL('../../', import.meta.url))
const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url))

export const kinds = [
  { format: 'esm', express: '4', passport: '0.6' },
  { format: 'cjs', express: '4', passport: '0.7' },
  { format: 'esm', express: '5', passport: '0.7' },
  { format: 'cjs', express: '5', passport: '0.6' },
] as const
export type Kind = (typeof kinds)[number]

export interface Packed {
  /** Paths in the tarball. */
  readonly files: readonly string[]
  readonly apps: ReadonlyMap<Kind, string>
  remove(): Promise<void>
}

/** Resolves with what it printed. Rejects with all that it said when it fails, as some tools complain on stdout. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { cwd, env: cleanEnv(), maxBuffer: 1 << 26 })
    return stdout
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
    throw new Error([message, stdout, stderr].join('\n'))
  }
}

/** Without what the surrounding `npm test` and vitest put there: an app started by hand has none of it. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const foreign =
    /^(npm_(config_local_prefix|command|execpath|lifecycle|node|package)|NODE_ENV$|NODE_OPTIONS$|VITEST|TEST$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}

/** The tarball, and four empty apps into which it is installed as a user would. */
export async function packAndInstall(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'phonecheck-consumer-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const { filename, files } = await pack(folder)
    const apps = await Promise.all(
      kinds.map(async (kind) => [kind, await makeApp(folder, kind, join(folder, filename))] as const),
    )
    return { files: files.map(({ path }) => path), apps: new Map(apps), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** The tarball of what was built: `npm run test:slow` builds first, and to build again would disturb other tests. */
export async function pack(folder: string): Promise<{ filename: string; files: { path: string }[] }> {
  const flags = ['--json', '--loglevel=error', '--ignore-scripts', '--pack-destination', folder]
  const [packed] = JSON.parse(await run('npm', ['pack', ...flags], root))
  return packed
}

async function makeApp(folder: string, { format, express, passport }: Kind, tarball: string): Promise<string> {
  const types = [`@types/express@${express}`, '@types/express-session@1', '@types/passport@1', '@types/node@20']
  const wanted = [
    tarball,
    `express@${express}`,
    `passport@${passport}`,
    'express-session@1',
    ...(format === 'esm' ? types : []),
  ]
  const app = await makeProject(
    join(folder, `${format}-express-${express}`),
    format === 'esm' ? 'module' : 'commonjs',
    wanted,
  )
  for (const name of await readdir(fixtures)) {
    if (name.endsWith('.ts'))
      for (const type of ['mts', 'cts', 'ts']) await cp(join(fixtures, name), join(app, name.replace(/ts$/, type)))
  }
  return app
}

/** A folder with these packages and the fixtures in JavaScript. @returns its path */
export async function makeProject(
  app: string,
  type: 'module' | 'commonjs',
  packages: readonly string[],
): Promise<string> {
  await mkdir(app)
  await writeFile(join(app, 'package.json'), JSON.stringify({ private: true, type }))
  for (const name of await readdir(fixtures))
    if (/\.[cm]js$/.test(name)) await cp(join(fixtures, name), join(app, name))
  // Runtimes that come as packages need their scripts.
  await run('npm', ['install', ...installFlags, ...packages], app)
  return app
}

export const installFlags = [
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--no-package-lock',
  '--loglevel=error',
  '--fetch-retry-mintimeout=1000',
]

/**
 * Whether the registry cannot be reached. Asked first, because an install without network may blame
 * anything, such as peer dependencies.
 */
export async function isOffline(): Promise<boolean> {
  const lost = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/
  return run('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=5000'], tmpdir()).then(
    () => false,
    (error) => lost.test(String(error)),
  )
}
