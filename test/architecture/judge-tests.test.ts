import { expect, test } from 'vitest'

interface Judged {
  complaints: string[]
  line: string
}
// Plain JavaScript, so that CI needs nothing to run it; its types are written here.
const {
  judge,
}: { judge(report: object, given: { base: string; answers(port: number): Promise<boolean> }): Promise<Judged> } =
  await import(new URL('../../scripts/judge-tests.mjs', import.meta.url).href)

function file(name: string, ...statuses: string[]) {
  const status = statuses.includes('failed') ? 'failed' : 'passed'
  return {
    name: `/repo/${name}`,
    status,
    assertionResults: statuses.map((each, index) => ({ status: each, fullName: `test ${index}` })),
  }
}

function verdict(...testResults: object[]): Promise<Judged> {
  return judge({ testResults }, { base: '/repo/', answers: async (port) => port === 6379 })
}

test('all passed', async () => {
  expect(await verdict(file('test/a.test.ts', 'passed', 'passed'))).toEqual({
    complaints: [],
    line: '2 passed, 0 failed, 0 skipped',
  })
})

test.each(['skipped', 'pending', 'todo', 'disabled'])('a test that is %s', async (status) => {
  expect(await verdict(file('test/a.test.ts', 'passed', status))).toEqual({
    complaints: ['SKIPPED: test/a.test.ts: test 1'],
    line: '1 passed, 0 failed, 1 skipped',
  })
})

test('a failed test', async () => {
  expect(await verdict(file('test/a.test.ts', 'passed', 'failed'))).toEqual({
    complaints: ['1 failed'],
    line: '1 passed, 1 failed, 0 skipped',
  })
})

test('a file that does not load', async () => {
  const broken = { ...file('test/b.test.ts'), status: 'failed' }
  const { complaints, line } = await verdict(file('test/a.test.ts', 'passed'), broken)
  expect(complaints).toEqual(['test/b.test.ts could not run', '1 failed'])
  expect(line).toBe('1 passed, 1 failed, 0 skipped')
})

test('no tests at all', async () => {
  expect((await verdict()).complaints).toEqual(['nothing passed'])
})

test('a database that answers and that no test used', async () => {
  const idle = await verdict(file('test/a.test.ts', 'passed'), file('test/stores/redis.test.ts', 'skipped'))
  expect(idle.complaints).toContain('Redis answers at 6379, BUT NO TEST USED IT')
  const used = await verdict(
    file('test/stores/redis-cluster.test.ts', 'passed'),
    file('test/stores/postgres.test.ts', 'passed'),
  )
  expect(used.complaints).toEqual([])
})
