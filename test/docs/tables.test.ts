import { expect, test } from 'vitest'
import { problems } from '../../src/contracts/problems.js'
import { unableReasons } from '../../src/contracts/unable-reason.js'
import { limits } from '../../src/limits/numbers.js'
import type { LoginContext } from '../../src/login/context.js'
import { endsLadder, isSuspicious, type LeaveReason } from '../../src/login/failure-policy.js'
import { readText } from '../support/markdown.js'

// What the documents say in numbers and names is what the code does.

const documentedLimits = readText('docs/reference/limits.md')
const options = readText('docs/reference/options.md')

test('every problem code has a heading in docs/reference/errors.md, with its status and text, and an entry in the list by status', () => {
  const text = readText('docs/reference/errors.md')
  const sections = [...text.matchAll(/^## `(\w+)`\n\n\*\*(\d+)\*\* (.*)$/gm)].map(([, code = '', status, words]) => [
    code,
    [Number(status), words],
  ])
  expect(Object.fromEntries(sections)).toEqual(problems)
  const listed = [...text.matchAll(/^\| (\d+) \| (.*) \|$/gm)].flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/\[`(\w+)`\]\(#\1\)/g)].map(([, code = '']) => [code, Number(status)]),
  )
  expect(Object.fromEntries(listed)).toEqual(
    Object.fromEntries(Object.entries(problems).map(([code, [status]]) => [code, status])),
  )
})

test('every option is in docs/reference/options.md', () => {
  const source = readText('src/passport/options.ts')
  const fields = /export interface PhoneCheckStrategyOptions \{([\s\S]*?)^\}/m.exec(source)?.[1] ?? ''
  const names = [...fields.matchAll(/^ {2}(\w+)\??:/gm)].map((match) => match[1])
  expect(names.length).toBeGreaterThan(10)
  for (const name of names.filter((name) => name !== 'clock')) expect(options).toContain(`| \`${name}\` |`)
})

test('the table of limits that an app may set has their names and defaults', () => {
  const { perAddress, perDay, sendsPerBlock, checksPerNumber, sendsPerNumber, guesses } = limits
  const rows = [
    ...(/\| `limits` \| default \|[\s\S]*?\n\n/.exec(options)?.[0].matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm) ?? []),
  ]
  expect(
    Object.fromEntries(rows.map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))])),
  ).toEqual({
    startsPerAddress: perAddress.starts,
    sendsPerAddress: perAddress.sends,
    failedVerifiesPerAddress: perAddress.failedVerifies,
    sendsPerBlock: sendsPerBlock.limit,
    sendsPerDay: perDay.sends,
    sendsPerCountryPerDay: perDay.sendsPerCountry,
    checksPerDay: perDay.checks,
    checksPerNumber: checksPerNumber.limit,
    sendsPerNumber: sendsPerNumber.limit,
    triesPerCode: limits.triesPerCode,
    resendsPerFlow: limits.resendsPerFlow,
    wrongCodesPerNumber: guesses.limit,
  })
})

test('the table of what follows when a rung fails is the one in the code', () => {
  const section = /## What follows when a rung fails([\s\S]*?)\n## /.exec(readText('docs/guides/ladder.md'))?.[1] ?? ''
  const documented: Record<string, string> = {}
  for (const [, reasons = '', action = ''] of section.matchAll(/^\| (`.*?) \| (\w+) \|/gm)) {
    for (const [, reason = ''] of reasons.matchAll(/`(\w+)`/g)) documented[reason] = action
  }
  const login = { settings: {} } as LoginContext
  const reasons: LeaveReason[] = [...unableReasons, 'mismatch', 'tries']
  const move = (reason: LeaveReason) =>
    endsLadder(login, reason) ? 'stop' : isSuspicious(login, reason) ? 'suspicious' : 'next'
  const thrown = {
    invalid_phone_number: 'stop',
    provider_unavailable: 'retry',
    delivery_unknown: 'retry',
    store_unavailable: 'retry',
    pending: 'retry',
    in_progress: 'retry',
  }
  expect(documented).toEqual({ ...Object.fromEntries(reasons.map((reason) => [reason, move(reason)])), ...thrown })
})

test('the limits in docs/reference/limits.md are those in the code', () => {
  const {
    guesses,
    guessesByDevices,
    perAddress,
    networks,
    perDay,
    sendsPerNumber,
    sendsPerDevice,
    resendAfterSeconds,
    triesPerCode,
    triesPerFlow,
  } = limits
  const { checksPerNumber, devices, sendsPerBlock, perDayByDevices } = limits
  const [short, long] = sendsPerDevice
  const number = (value: number) => value.toLocaleString('en')
  for (const sentence of [
    `${triesPerCode} a code, ${triesPerFlow} a login`,
    `${guesses.limit}, then its code rung is locked for ${guesses.windowSeconds / 3600} h, doubling to ${guesses.maxWindowSeconds / 86_400} days`,
    `a known device has ${guesses.limit} of its own, and all of a number ${guessesByDevices.limit} |`,
    `${sendsPerNumber.limit}, then none for ${sendsPerNumber.windowSeconds / 60} min, doubling to ${sendsPerNumber.maxWindowSeconds / 60} min`,
    `${short.limit} in ${short.windowSeconds / 60} min, ${long.limit} in ${long.windowSeconds / 3600} h; ${perDayByDevices.sends} in a day (UTC) by all`,
    `\`limits.checksPerNumber\`, ${checksPerNumber.limit} in ${checksPerNumber.windowSeconds / 60} min; by each known device as many, and ${perDayByDevices.checks} in a day`,
    `\`limits.sendsPerBlock\`, ${sendsPerBlock.limit} in ${sendsPerBlock.windowSeconds / 60} min`,
    `\`limits.sendsPerDay\`, ${number(perDay.sends)}, and \`limits.sendsPerCountryPerDay\`, ${perDay.sendsPerCountry}`,
    `\`limits.checksPerDay\`, ${number(perDay.checks)}`,
    `at most ${number(perDay.sends)} messages and ${number(perDay.checks)} checks`,
    `${networks['IPv6 /56']} times as many from an IPv6 /56, ${networks['IPv6 /48']} times from an IPv6 /48 or IPv4 /24`,
    `${devices.lifeSeconds / 86_400} days, up to ${devices.perBrowser} numbers`,
    `${devices.newPerDay} new devices in a day`,
    `after ${resendAfterSeconds} s, then ${resendAfterSeconds * 2} s`,
    `${perAddress.starts}, ${perAddress.sends} and ${perAddress.failedVerifies} in ${perAddress.windowSeconds / 60} min`,
  ]) {
    expect(documentedLimits).toContain(sentence)
  }
})

test('the table of rungs has every rung of the library, with its assurance', () => {
  const exported = [...readText('src/index.ts').matchAll(/^export (\{[^}]*\}) from '\.\/(providers\/[\w/-]+)\.js'$/gm)]
  const factories = exported.flatMap(([, names = '', path = '']) =>
    [...names.matchAll(/(?<!type )\b([a-z]\w+)\b(?=[ ,])/g)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'type' && name !== 'camaraPresets')
      .map((name) => [name, readText(`src/${path}.ts`)] as const),
  )
  const rows = [...readText('docs/guides/providers.md').matchAll(/^\| \[?`(\w+)`.*\| `(\w+)` \|$/gm)]
  expect([...new Set(rows.map(([, name]) => name))].toSorted()).toEqual(factories.map(([name]) => name).toSorted())
  for (const [name, source] of factories) {
    const levels = [...(/assurance: (.*),$/m.exec(source)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(([, level]) => level)
    expect(rows.filter(([, row]) => row === name).map(([, , level]) => level)).toEqual(levels)
  }
})
