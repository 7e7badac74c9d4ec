import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * What axe-core finds wrong with the page as it stands, best practices included: the rule and the
 * elements. Empty when all is well.
 */
export async function axeFindings(page: Page): Promise<string[]> {
  // By the debugging protocol, which the page's content security policy does not concern.
  await page.evaluate(axe)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help} (${nodes.map(({ html, any }) => `${html} ${any.map(({ message }) => message).join('; ')}`).join(' | ')})`,
  )
}
