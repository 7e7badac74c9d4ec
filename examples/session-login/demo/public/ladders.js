// @ts-check
import { byId, call } from './remote.js'

/** @typedef {{ chosen: string, ways: string, scenarios: string[] }} Ladders */

const row = /** @type {HTMLFieldSetElement} */ (byId('ladders'))

export function wireLadders() {
  for (const button of row.querySelectorAll('button')) button.addEventListener('click', () => void choose(button.value))
  row.disabled = false
}

/** @param {Ladders} view */
export function showLadders({ chosen, ways, scenarios }) {
  for (const button of row.querySelectorAll('button')) button.ariaPressed = String(button.value === chosen)
  byId('ladder-ways').textContent = ways
  document.body.dataset.ladder = chosen
  for (const chip of document.querySelectorAll('[data-scenario]'))
    chip.toggleAttribute('hidden', !scenarios.includes(chip.getAttribute('data-scenario') ?? ''))
}

/**
 * Each ladder has an app of its own: whoever is signed in, or about to be, begins anew.
 *
 * @param {string} name
 */
async function choose(name) {
  await call('PUT', '/demo/ladder', { name })
  sessionStorage.removeItem('phone-login')
  location.assign('/login')
}
