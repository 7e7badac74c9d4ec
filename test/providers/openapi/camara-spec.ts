import { existsSync, readFileSync } from 'node:fs'
import { readYaml } from '../../docs/openapi/yaml.js'
import { specsFolder } from '../../support/needs.js'
import { type Operation, operationsOf } from './spec.js'

const files = {
  'number-verification/v2': `${specsFolder}/camara-number-verification-2.1.0-r3.2.yaml`,
  'one-time-password-sms/v1': `${specsFolder}/camara-one-time-password-sms-1.1.1-r3.2.yaml`,
}

export const camaraSpecsFound = Object.values(files).every((file) => existsSync(file))

/** Everything of Number Verification 2.1 and One Time Password SMS 1.1. */
export function readCamaraOperations(): Operation[] {
  return Object.entries(files).flatMap(([api, file]) => {
    const document = readYaml(plain(readFileSync(file, 'utf8')))
    return operationsOf(api, JSON.stringify(document), [], `/${api}`)
  })
}

/** Without its prose, and with quotes where our reader wants them: nothing that is compared is lost. */
function plain(text: string): string {
  const lines: string[] = []
  let proseOf = -1
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length
    if (proseOf >= 0 && (line.trim() === '' || indent > proseOf)) continue
    proseOf = -1
    const [, start = '', value] = /^(\s*(?:- )?[\w'".$/{}-]+:) +(.*)$/.exec(line) ?? []
    if (value === undefined) lines.push(line)
    else if (/^[|>]-?$/.test(value)) {
      proseOf = indent
      lines.push(`${start} ''`)
    } else lines.push(`${start} ${/^['"[{]/.test(value) ? value : quoted(value)}`)
  }
  return lines.join('\n')
}

function quoted(value: string): string {
  return /^(true|false|null|-?\d+(\.\d+)?|[\w -]+)$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`
}
