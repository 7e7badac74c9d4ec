import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const example = fileURLToPath(new URL('../../examples/session-login/', import.meta.url))
const ladder = fileURLToPath(new URL('../../examples/fallback-ladder/', import.meta.url))

/** Every module that a file loads, itself included: its own files by path, packages by name. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  const name = relative(example, file)
  if (seen.has(name)) return seen
  seen.add(name)
  const source = readFileSync(file, 'utf8')
  for (const [, target = ''] of source.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
    if (target.startsWith('.')) reach(resolve(dirname(file), target.replace(/\.js$/, '.ts')), seen)
    else seen.add(target)
  }
  return seen
}

test.each([join(example, 'app.ts'), join(example, 'server.ts'), join(ladder, 'app.ts'), join(ladder, 'server.ts')])(
  '%s, which people copy, knows neither the simulator nor the demo',
  (file) => {
    const modules = [...reach(file)]
    expect(modules).toContain('passport-phonecheck')
    expect(modules.filter((name) => name.includes('simulator') || name.startsWith('demo'))).toEqual([])
  },
)

test('the demo does know them, so that the test above can see', () => {
  const modules = reach(join(example, 'demo.ts'))
  expect(modules).toContain('passport-phonecheck/simulator')
  expect(modules).toContain('demo/demo-app.ts')
})

test('the pages that people copy know nothing of the demo', () => {
  for (const folder of ['public', 'pages']) {
    for (const file of readdirSync(join(example, folder))) {
      expect(readFileSync(join(example, folder, file), 'utf8'), file).not.toMatch(/\/demo\/|simulator/)
    }
  }
})
