/**
 * Walks the migrated tutorial against the simulator: `npx tsx --tsconfig examples/tsconfig.json
 * examples/migration/walk.ts`. Exits with 1 when a step goes another way than expected.
 */
import { setStage } from './stage.js'
import { steps } from './steps.js'

const stage = await setStage()
for (const { title, expected, take } of steps) {
  const got = await take(stage)
  if (got !== expected) process.exitCode = 1
  console.log(`${got === expected ? 'ok' : `NOT ${expected}`}  ${title}: ${got}`)
}
await stage.close()
