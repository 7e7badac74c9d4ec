import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

// What some tests need of the machine. Also read by the reporter, so without vitest.

/** The servers that are shared with whoever else runs tests: keep to keys and schemas of your own. */
export const shared = {
  redis: { host: process.env['REDIS_HOST'] ?? '127.0.0.1', port: Number(process.env['REDIS_PORT'] ?? 6379) },
  postgres: {
    host: process.env['PGHOST'] ?? '127.0.0.1',
    port: Number(process.env['PGPORT'] ?? 5432),
    user: process.env['PGUSER'] ?? 'postgres',
    database: process.env['PGDATABASE'] ?? 'postgres',
  },
}

export const chromiumPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

/** The vendor's files are not ours to publish, so they lie beside the repository and not in it. */
export const specsFolder =
  process.env['PHONECHECK_SPECS'] ?? fileURLToPath(new URL('../../../shared/specs', import.meta.url))

interface Need {
  /** Ends "this machine lacks …". */
  readonly what: string
  isMet(): boolean | Promise<boolean>
  /** One line that brings it. */
  readonly bring: string
}

export const needs = {
  redis: {
    what: `Redis at ${shared.redis.host}:${shared.redis.port}`,
    isMet: () => answers(shared.redis),
    bring: 'docker run --rm --detach --publish 6379:6379 redis',
  },
  postgres: {
    what: `PostgreSQL at ${shared.postgres.host}:${shared.postgres.port}`,
    isMet: () => answers(shared.postgres),
    bring: 'docker run --rm --detach --publish 5432:5432 --env POSTGRES_HOST_AUTH_METHOD=trust postgres',
  },
  'redis-server': {
    what: 'the commands redis-server and redis-cli',
    isMet: async () => (await runs('redis-server', '--version')) && (await runs('redis-cli', '--version')),
    bring: 'apt-get install redis-server redis-tools',
  },
  chromium: {
    what: `Chromium at ${chromiumPath}`,
    isMet: () => existsSync(chromiumPath),
    bring: 'apt-get install chromium, or set CHROMIUM_PATH',
  },
  shell: {
    what: 'the commands sh, curl and sed',
    isMet: async () =>
      (await Promise.all([runs('sh', '-c', 'true'), runs('curl', '--version'), runs('sed', '--version')])).every(
        Boolean,
      ),
    bring: 'apt-get install curl sed',
  },
  specs: {
    what: "the vendor's OpenAPI documents, which are not published here",
    isMet: () => ['phone-check', 'oauth2'].every((name) => existsSync(`${specsFolder}/${name}.openapi.json`)),
    bring: 'put phone-check.openapi.json and oauth2.openapi.json into a folder and set PHONECHECK_SPECS to it',
  },
  'twilio-spec': {
    what: "Twilio's OpenAPI document, which is not published here",
    isMet: () => existsSync(`${specsFolder}/twilio_verify_v2.yaml`),
    bring: 'put twilio_verify_v2.yaml, of twilio/twilio-oai, into a folder and set PHONECHECK_SPECS to it',
  },
  'vonage-spec': {
    what: "an extract of Vonage's OpenAPI document, which is not published here",
    isMet: () => existsSync(`${specsFolder}/vonage-verify-v2-1.0.1.extract.yaml`),
    bring: 'put vonage-verify-v2-1.0.1.extract.yaml into a folder and set PHONECHECK_SPECS to it',
  },
} as const satisfies Record<string, Need>

/** Whether something takes connections there. */
export async function answers(at: { host: string; port: number }): Promise<boolean> {
  const socket = connect(at)
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(10_000) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function runs(command: string, ...args: string[]): Promise<boolean> {
  return promisify(execFile)(command, args).then(
    () => true,
    () => false,
  )
}
