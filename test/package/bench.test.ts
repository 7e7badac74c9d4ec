import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pair } from '../../bench/paired.js'
import type { Report } from '../../bench/report.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the benchmark counts must hold at any size; what it times means nothing here. */
describe('npm run bench, with tiny numbers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'phonecheck-bench-'))
  let report: Report
  let printed: string

  beforeAll(async () => {
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench'], { cwd: root })
    const out = join(folder, 'results.json')
    const { NODE_ENV: _, ...env } = process.env
    printed = (await run(process.execPath, ['bench/.build/main.js', '--tiny', '--out', out], { cwd: root, env })).stdout
    report = JSON.parse(readFileSync(out, 'utf8'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const ours = () => report.logins.rows.filter(({ name }) => name.startsWith('ours'))

  test('every contestant takes part, and every measured login was verified, opens its door and cannot be replayed', () => {
    expect(report.logins.rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['limit', 'hand-written', 'ours, session', 'ours, JWT']),
    )
    for (const row of report.logins.rows) {
      expect(row.measured, row.name).toBeGreaterThan(0)
      expect(row.verified, row.name).toBe(row.measured)
      expect(row.doors.opened, row.name).toBe(row.doors.tried)
      expect(row.replays.refused, row.name).toBe(row.replays.tried)
    }
  })

  test('a warm login of ours is two upstream calls, and touches the session store as often as a bare req.logIn', () => {
    for (const row of ours()) {
      expect(row.upstreamCalls, row.name).toBe(2)
      if (row.sessionOps) expect(row.sessionOps.total, row.name).toBe(row.sessionOps.ofLogInAlone)
    }
    expect(ours().filter(({ sessionOps }) => sessionOps).length).toBeGreaterThan(0)
  })

  test('start waits for the store at most twice in a row, redeem three times', () => {
    for (const { name, storeRoundTrips: trips } of ours()) {
      expect(trips?.startInSequence, name).toBeLessThanOrEqual(2)
      expect(trips?.redeemInSequence, name).toBeLessThanOrEqual(3)
    }
  })

  test('cold starts share one token call; of redeems at once one logs in and asks the vendor', () => {
    const { cold, redeems } = report.scale
    expect(cold).toMatchObject({ tokenCalls: 1, succeeded: cold.starts })
    const mine = redeems.filter(({ name }) => name.startsWith('ours'))
    expect(mine.length).toBe(2)
    for (const { name, logins, patches } of mine)
      expect({ name, logins, patches }).toEqual({ name, logins: 1, patches: 1 })
  })

  test('a comparison with an earlier build takes both through the same rounds', { timeout: 300_000 }, async () => {
    const out = join(folder, 'comparison.json')
    const { NODE_ENV: _, ...env } = process.env
    const arguments_ = ['bench/.build/main.js', '--tiny', '--against', 'HEAD', '--out', out]
    const { stdout } = await run(process.execPath, arguments_, { cwd: root, env })
    const { commit, pairs } = JSON.parse(readFileSync(out, 'utf8')) as { commit: string; pairs: Pair[] }
    expect(stdout).toContain(`This build against ${commit}`)
    expect(pairs.map(({ name }) => name)).toEqual(expect.arrayContaining(['ours, session', 'ours, JWT']))
    for (const { name, measured, now, before } of pairs) {
      expect(measured, name).toBeGreaterThan(0)
      expect([now.storeCalls, before.storeCalls], name).not.toContain(0)
    }
  })

  test('it prints a table of every contestant and every target', () => {
    for (const { name } of report.logins.rows) expect(printed).toContain(`| ${name} |`)
    for (const { what } of report.targets) expect(printed).toContain(`| ${what} |`)
  })
})
