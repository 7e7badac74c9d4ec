import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { cleanEnv } from '../package/apps.js'
import { tracked } from '../support/children.js'
import { readText, root } from '../support/markdown.js'

const { name, bin }: { name: string; bin: Record<string, string> } = JSON.parse(readText('package.json'))
const dockerfile = readText('examples/simulator-docker/Dockerfile')
const [command = '', ...args]: string[] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]')

/** The command line of the container, on a free port. */
function run(flags: readonly string[], env: Record<string, string> = {}) {
  const source = `${root}${bin[command]?.replace('./dist/esm/', 'src/').replace(/js$/, 'ts')}`
  const child = tracked(
    spawn(process.execPath, ['--import', 'tsx', source, ...flags, '--port', '0'], { env: { ...cleanEnv(), ...env } }),
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('the container runs the command of this package, as no root, and names its port', () => {
  expect(dockerfile).toContain(`RUN npm install --global ${name}\n`)
  expect(dockerfile).toMatch(/^USER node$/m)
  expect(dockerfile).toMatch(/^EXPOSE 4010$/m)
  expect(bin).toHaveProperty(command)
})

test('its command line listens on all addresses, and stops at SIGTERM', async () => {
  const child = run(args)
  const over = once(child, 'exit').then(() => [])
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), over])
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line))?.[0] ?? ''
  for (const host of ['127.0.0.1', '127.0.0.2'])
    expect((await fetch(`${url.replace('127.0.0.1', host)}/public/coverage/v0.1/device_ip`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test.each([
  ['without --expose', args.filter((arg) => arg !== '--expose'), {}, 'add expose (--expose)'],
  ['in production', args, { NODE_ENV: 'production' }, 'NODE_ENV=production'],
])('it does not start %s', async (_, flags, env, complaint) => {
  const child = run(flags, env)
  // It started.
  child.stdout.on('data', () => child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  expect(await once(child, 'close')).toEqual([1, null])
  expect(said).toContain(complaint)
})
