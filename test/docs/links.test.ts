import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readText, root } from '../support/markdown.js'
import { anchorsOf, documents, linksOf, prose } from './documents.js'

test.each(documents)('the links of %s lead somewhere', (path) => {
  const broken = linksOf(path).filter(
    ({ file, anchor }) => !existsSync(root + file) || (anchor !== undefined && !anchorsOf(readText(file)).includes(anchor)),
  )
  expect(broken.map(({ target }) => target)).toEqual([])
})

describe('of a document', () => {
  test('the anchors are those that GitHub makes', () => {
    expect(anchorsOf('# A `b_c`: [d](e), f?\n```\n# not this\n```\n<a id="g"></a>')).toEqual(['a-b_c-d-f', 'g'])
  })

  test('the code is no prose', () => {
    expect(prose('a\n```ts\n[b](c)\n```\nd')).toBe('a\n\nd')
  })
})
