import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { flowSetup } from '../support/flow.js'

const src = new URL('../../src/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, src), 'utf8')
const declarations = ['contracts/events.ts']

test('every event that is declared is emitted somewhere', () => {
  const names = declarations.flatMap((path) =>
    [...read(path).matchAll(/\btype: ((?:'\w+'(?: \| )?)+)/g)].flatMap(([, types = '']) => types.match(/\w+/g) ?? []),
  )
  expect(names.length).toBeGreaterThan(25)
  const code = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !declarations.includes(path) && path !== 'lib/operator-warnings.ts')
    .map(read)
    .join('\n')
  expect(names.filter((name) => !code.includes(`'${name}'`))).toEqual([])
})

test('a number is unlocked also when its country is no longer admitted', async () => {
  const { flow, events } = flowSetup({ countries: ['DE'] })
  await flow.unlock('+12025550100')
  expect(events).toEqual([{ type: 'number_unlocked', country: 'US', number: '+1********00' }])
})
