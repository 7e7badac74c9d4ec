import { expect, test } from 'vitest'
import { actions, errorActions } from '../../src/core/actions.js'
import { problems } from '../../src/core/errors.js'
import { limits } from '../../src/core/limits.js'
import { readText } from '../support/markdown.js'

const readme = readText('README.md')

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
  const { guesses, perAddress, networks, perDay, sendsPerNumber, sendsPerDevice, resendAfterSeconds, triesPerCode, triesPerFlow } = limits
  const { checksPerNumber, devices, sendsPerBlock, sendsPerNumberByDevices: byDevices } = limits
  const [short, long] = sendsPerDevice
  const number = (value: number) => value.toLocaleString('en')
  for (const sentence of [
    `${triesPerCode} a code, ${triesPerFlow} a login`,
    `${guesses.limit}, then its code rung is locked for ${guesses.windowSeconds / 3600} h, doubling to ${guesses.maxWindowSeconds / 86_400} days`,
    `${sendsPerNumber.limit}, then none for ${sendsPerNumber.windowSeconds / 60} min, doubling to ${sendsPerNumber.maxWindowSeconds / 60} min`,
    `${short.limit} in ${short.windowSeconds / 60} min, ${long.limit} in ${long.windowSeconds / 3600} h, and ${byDevices.limit} in ${byDevices.windowSeconds / 3600} h by all`,
    `\`limits.checksPerNumber\`, ${checksPerNumber.limit} in ${checksPerNumber.windowSeconds / 60} min`,
    `\`limits.sendsPerBlock\`, ${sendsPerBlock.limit} in ${sendsPerBlock.windowSeconds / 60} min`,
    `\`limits.sendsPerDay\`, ${number(perDay.sends)}, and \`limits.sendsPerCountryPerDay\`, ${perDay.sendsPerCountry}`,
    `\`limits.checksPerDay\`, ${number(perDay.checks)}`,
    `at most ${number(perDay.sends)} messages and ${number(perDay.checks)} checks`,
    `${networks['IPv6 /56']} times as many from an IPv6 /56, ${networks['IPv6 /48']} times from an IPv6 /48 or IPv4 /24`,
    `${devices.lifeSeconds / 86_400} days, up to ${devices.perBrowser} numbers`,
    `${devices.newPerDay} new devices in a day`,
    `after ${resendAfterSeconds} s, then ${resendAfterSeconds * 2} s`,
    `${perAddress.starts}, ${perAddress.sends} and ${perAddress.failedRedeems} in ${perAddress.windowSeconds / 60} min`,
  ]) {
    expect(readme).toContain(sentence)
  }
})
