import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stage, setStage } from '../../examples/migration/stage.js'
import { steps } from '../../examples/migration/steps.js'
import { runExample } from '../support/examples/demo-process.js'
import { readText } from '../support/markdown.js'

describe('the migrated tutorial app, step by step', () => {
  let stage: Stage & { close(): Promise<void> }
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage?.close())

  test.each(steps.map(({ title, expected, take }) => [title, expected, take] as const))(
    '%s: %s',
    async (_title, expected, take) => {
      const before = stage.sim.count('PATCH /phone_check/v0.2/checks/*')
      expect(await take(stage)).toBe(expected)
      // A step that is refused outright asks the vendor nothing.
      const patched = stage.sim.count('PATCH /phone_check/v0.2/checks/*') - before
      expect(patched).toBe(/^200 tokens|mismatch/.test(expected) ? 1 : 0)
    },
  )
})

test('the walk runs by its command, as docs/guides/migration.md shows it', async () => {
  expect(readText('docs/guides/migration.md')).toContain(
    'npx tsx --tsconfig examples/tsconfig.json examples/migration/walk.ts',
  )
  const run = runExample('migration/walk.ts')
  expect(await run.ended).toBe(0)
  expect(run.output.stdout.trim().split('\n')).toEqual(steps.map(({ title, expected }) => `ok  ${title}: ${expected}`))
})
