// @ts-check

/**
 * Shows one panel of the card and hides the others.
 *
 * @param {'login' | 'text-us' | 'enter-code'} id
 */
export function showPanel(id) {
  for (const panel of document.querySelectorAll('.panel')) /** @type {HTMLElement} */ (panel).hidden = panel.id !== id
}

/**
 * An element that the page is known to have.
 *
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function element(id, kind) {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`The page has no #${id} of that kind.`)
  return found
}
