// Writes docs/reference/api: every export with its comment, by typedoc.json. With --check it writes
// nothing there, and fails when git has something else.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application } from 'typedoc'

const root = fileURLToPath(new URL('..', import.meta.url))
const isCheck = process.argv.includes('--check')
const kept = `${root}docs/reference/api`
const out = isCheck ? `${root}node_modules/.cache/api-docs` : kept

function filesIn(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(`${folder}/${name}`).isFile(),
  )
  return new Map(names.sort().map((name) => [name.replaceAll('\\', '/'), readFileSync(`${folder}/${name}`, 'utf8')]))
}

rmSync(out, { recursive: true, force: true })
const app = await Application.bootstrapWithPlugins({ options: root, out, logLevel: 'Warn' })
const project = await app.convert()
if (project === undefined) process.exit(1)
// A link in a comment that leads nowhere is an error here, because nobody reads warnings.
app.validate(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)
await app.generateOutputs(project)

if (isCheck) {
  const [now, before] = [filesIn(out), filesIn(kept)]
  const stale = [...new Set([...now.keys(), ...before.keys()])].filter((name) => now.get(name) !== before.get(name))
  if (stale.length > 0) {
    console.error(
      `Comments or exports changed, but not their pages: ${stale.map((name) => `docs/reference/api/${name}`).join(', ')}. Run npm run api.`,
    )
    process.exit(1)
  }
}
