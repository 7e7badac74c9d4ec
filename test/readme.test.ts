import { expect, test } from 'vitest'
import { actions, errorActions } from '../src/core/actions.js'
import { problems } from '../src/core/errors.js'
import { limits } from '../src/core/limits.js'
import { codeBlocks, compilerComplaints, readText } from './support/markdown.js'

const readme = readText('README.md')

test('the TypeScript in the README compiles as shown', () => {
  const blocks = codeBlocks(readme, 'ts')
  expect(blocks.length).toBeGreaterThanOrEqual(3)
  expect(compilerComplaints(blocks)).toEqual([])
}, 60_000)

test('every error code is in the README, with its status', () => {
  const rows = new Map(
    [...readme.matchAll(/^\| (`[a-z_`, ]+`) \| ([\d, ]+) \|/gm)].flatMap(([, codes = '', statuses = '']) => {
      const listed = statuses.split(', ').map(Number)
      return codes.split(', ').map((code, index) => [code.replaceAll('`', ''), listed[index] ?? listed[0]] as const)
    }),
  )
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(Object.entries(problems).map(([code, [status]]) => [code, status])))
})

test('every option is in the README', () => {
  const source = readText('src/passport/options.ts')
  const fields = /export interface PhoneCheckStrategyOptions \{([\s\S]*?)^\}/m.exec(source)?.[1] ?? ''
  const names = [...fields.matchAll(/^ {2}(\w+)\??:/gm)].map((match) => match[1])
  expect(names.length).toBeGreaterThan(10)
  for (const name of names.filter((name) => name !== 'clock')) expect(readme).toContain(`\`${name}\``)
})

test('the error-to-action table in the README is the one in the code', () => {
  const section = /### What follows when a rung fails([\s\S]*?)###/.exec(readme)?.[1] ?? ''
  const documented: Record<string, string> = {}
  for (const [, reasons = '', action = ''] of section.matchAll(/^\| (`.*?) \| (\w+) \|/gm)) {
    for (const [, reason = ''] of reasons.matchAll(/`(\w+)`/g)) documented[reason] = action
  }
  expect(documented).toEqual({ ...actions, ...errorActions })
})

test('the limits in the README are those in the code', () => {
  const { guesses, perAddress, sendsPerNumber, resendAfterSeconds, triesPerCode, triesPerFlow } = limits
  const [short, long] = sendsPerNumber
  for (const sentence of [
    `${triesPerCode} a code, ${triesPerFlow} a login`,
    `${guesses.limit}, then its code rung is locked for ${guesses.windowSeconds / 3600} h, doubling to ${guesses.maxWindowSeconds / 86_400} days`,
    `${short.limit} in ${short.windowSeconds / 60} min, ${long.limit} in ${long.windowSeconds / 3600} h`,
    `after ${resendAfterSeconds} s, then ${resendAfterSeconds * 2} s`,
    `${perAddress.starts}, ${perAddress.sends} and ${perAddress.failedRedeems} in ${perAddress.windowSeconds / 60} min`,
  ]) {
    expect(readme).toContain(sentence)
  }
})
