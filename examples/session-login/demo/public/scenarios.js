// @ts-check
import { delayNextAnswer } from './delay.js'
import { call } from './remote.js'

const number = '+1 202 555 0100'
const working = { sim: number, mobileData: true, supported: true }

/**
 * How the phone is set up for each. `delaySeconds` pass between the phone's answer and the page's next step.
 *
 * @type {Record<string, { phone: object, delaySeconds?: number }>}
 */
const scenarios = {
  success: { phone: working },
  'wrong-sim': { phone: { ...working, sim: '+1 202 555 0142' } },
  'wifi-only': { phone: { ...working, mobileData: false } },
  unsupported: { phone: { ...working, supported: false } },
  expired: { phone: working, delaySeconds: 130 },
}

const waiting = 'demo-scenario'

/** Makes the chips work, and runs one that was chosen on another page. */
export function wireScenarios() {
  for (const chip of document.querySelectorAll('[data-scenario]')) {
    chip.addEventListener('click', () => void run(chip.getAttribute('data-scenario') ?? ''))
  }
  const chosen = sessionStorage.getItem(waiting)
  sessionStorage.removeItem(waiting)
  if (loginForm()) prefill()
  if (chosen) void run(chosen)
}

/** @param {string} name */
async function run(name) {
  const scenario = scenarios[name]
  if (!scenario) return
  const form = loginForm()
  if (!form) return signOutFirst(name)
  if (form.getAttribute('aria-busy') === 'true') return
  await call('PATCH', '/demo/phone', scenario.phone)
  delayNextAnswer(scenario.delaySeconds ?? 0)
  prefill(true)
  // From here on it is the app's own page, as if the visitor had pressed the button.
  form.requestSubmit()
}

/** @param {string} name */
function signOutFirst(name) {
  sessionStorage.setItem(waiting, name)
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById('logout'))
  form?.requestSubmit()
}

function prefill(always = false) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById('number'))
  if (!field || (field.value && !always)) return
  field.value = number
}

function loginForm() {
  return /** @type {HTMLFormElement | null} */ (document.getElementById('login'))
}
