import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { actions, errorActions } from '../src/core/actions.js'
import { problems } from '../src/core/errors.js'
import { limits } from '../src/core/limits.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** The first lines of `text` in a fence of this language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '')
}

test('the TypeScript in the README compiles as shown', () => {
  const folder = mkdtempSync(`${root}test/.readme-`)
  try {
    const code = blocks('ts')
    expect(code.length).toBeGreaterThanOrEqual(3)
    const files = code.map((text, index) => {
      const file = `${folder}/block-${index}.mts`
      writeFileSync(file, text)
      return file
    })
    const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    // What the newcomer's editor would say, not our stricter rules for ourselves.
    const program = ts.createProgram(files, { ...options, noPropertyAccessFromIndexSignature: false })
    const complaints = ts.getPreEmitDiagnostics(program).map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))
    expect(complaints).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)

test('every error code that can be answered today is in the README', () => {
  const later = [
    'send_refused',
    'step_up_required',
    'too_early',
    'cooldown',
    'number_limit',
    'address_limit',
    'code_locked',
    'delivery_unknown',
  ]
  for (const [code, [status]] of Object.entries(problems)) {
    if (later.includes(code)) continue
    expect(readme).toContain(`\`${code}\``)
    expect(readme).toContain(String(status))
  }
})

test('every option is in the README', () => {
  const source = readFileSync(new URL('../src/passport/options.ts', import.meta.url), 'utf8')
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
