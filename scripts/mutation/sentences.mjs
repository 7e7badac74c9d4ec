// A plugin for Stryker, named in stryker.config.json: leaves sentences for people out of the mutants.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'

const twoWords = /\p{L}{2,}[,:;]? \p{L}+/u

/** The text of a literal, without what is put into it. */
function textOf(node) {
  if (node.type === 'StringLiteral') return node.value
  return node.type === 'TemplateLiteral' ? node.quasis.map(({ value }) => value.raw).join('…') : ''
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'sentences', {
    // Only what reads like prose: names, keys, codes and what goes into a hash hold no two words.
    shouldIgnore: ({ node }) => (twoWords.test(textOf(node)) ? 'a sentence for people' : undefined),
  }),
]
