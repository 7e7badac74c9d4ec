import { mergeConfig } from 'vitest/config'
import config from './vitest.config.js'

const { projects: _, coverage: __, reporters: ___, ...test } = config.test ?? {}

const all = [
  ...['flow', 'lib', 'limits', 'login', 'passport', 'tokens', 'attacks'].map((folder) => `test/${folder}/**/*.test.ts`),
  // Compares the states of a flow with the drawing.
  'test/docs/architecture.test.ts',
]

/** For Stryker, which cannot run projects. `MUTATION_TESTS`, globs with commas between them, runs fewer: a first look, and a lower score. */
export default mergeConfig(
  { resolve: config.resolve ?? {}, test },
  { test: { isolate: false, include: process.env['MUTATION_TESTS']?.split(',') ?? all } },
)
