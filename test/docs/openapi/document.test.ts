import { describe, expect, test } from 'vitest'
import { problems } from '../../../src/contracts/problems.js'
import { unableReasons } from '../../../src/contracts/unable-reason.js'
import { pointerInto } from '../../providers/openapi/json.js'
import { codeBlocks, readText } from '../../support/markdown.js'
import { readContract } from './contract.js'
import { readYaml } from './yaml.js'

const contract = readContract()

describe('docs/reference/openapi.yaml', () => {
  test('has the codes and reasons of the code', () => {
    expect(pointerInto(contract.document, '#/components/schemas/Problem/properties/code/enum')).toEqual(
      Object.keys(problems),
    )
    expect(pointerInto(contract.document, '#/components/schemas/UnableReason/enum')).toEqual([...unableReasons])
  })

  test('names each operation once', () => {
    expect(new Set(contract.documented).size).toBe(contract.documented.length)
  })

  test.each(['a: b: c', 'a: {b: 1', 'a: b # c', 'a:', 'a: 1\na: 2', 'a: &b 1', 'a: |\n  b', '- a\nb: 1'])(
    'is read strictly: %j is refused',
    (text) => {
      expect(() => readYaml(text)).toThrow(SyntaxError)
    },
  )

  test('admits the answers that docs/reference/http.md shows', () => {
    const [started, problem] = codeBlocks(readText('docs/reference/http.md'), 'json').map((text) => JSON.parse(text))
    expect(() => contract.validate('/components/schemas/Step', started)).not.toThrow()
    expect(() => contract.validate('/components/schemas/Problem', problem)).not.toThrow()
    expect(() => contract.validate('/components/schemas/Problem', started)).toThrow(
      'must NOT have additional properties',
    )
  })
})
