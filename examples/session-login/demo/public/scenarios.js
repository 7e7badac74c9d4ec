// @ts-check
import { delayNextAnswer } from './delay.js'
import { call } from './remote.js'

const number = '+1 202 555 0100'
const working = { sim: number, mobileData: true, supported: true }
const otherSim = '+1 202 555 0142'
const wifiOnly = { ...working, mobileData: false }

/**
 * How the phone is set up for each, and which number is typed. `delaySeconds` pass between the
 * phone's answer and the page's next step. `goOn` takes the steps that the visitor would take after
 * the first one.
 *
 * @typedef {{ phone: { sim: string, mobileData: boolean, supported: boolean }, number?: string,
 * delaySeconds?: number, goOn?: Play }} Scenario
 * @typedef {(isStale: () => boolean) => Promise<void>} Play
 * @type {Record<string, () => Scenario>}
 */
const scenarios = {
  success: () => ({ phone: working }),
  'wrong-sim': () => ({ phone: { ...working, sim: otherSim } }),
  'wifi-only': () => ({ phone: wifiOnly }),
  unsupported: () => ({ phone: { ...working, supported: false } }),
  expired: () => ({ phone: working, delaySeconds: 130 }),
  text: () => ({ phone: wifiOnly, goOn: sendText }),
  code: () => {
    const other = anotherNumber()
    return { phone: { ...wifiOnly, sim: other }, number: other, goOn: askForCode }
  },
}

/**
 * Other vendors' ladders keep a number busy, and their second way is a code: a number of its own for
 * each, and nothing to do before it.
 *
 * @param {string} name
 * @param {Scenario} scenario
 * @returns {Scenario}
 */
function forOtherVendors(name, { phone, delaySeconds }) {
  const own = anotherNumber()
  const set = name === 'code' ? { ...working, supported: false } : phone
  const sim = phone.sim === otherSim ? otherSim : own
  return { phone: { ...set, sim }, number: own, ...(delaySeconds !== undefined && { delaySeconds }) }
}

const waiting = 'demo-scenario'
const lastNumber = 'demo-number'

/** The scenario that plays now. A newer one ends it. */
let turn = 0

/** Makes the chips work, and runs one that was chosen on another page. */
export function wireScenarios() {
  for (const chip of document.querySelectorAll('[data-scenario]')) {
    chip.addEventListener('click', () => void run(chip.getAttribute('data-scenario') ?? ''))
  }
  // The page says `disabled`, so that no click is lost before somebody listens.
  const chips = /** @type {HTMLFieldSetElement | null} */ (document.getElementById('scenarios'))
  if (chips) chips.disabled = false
  loginForm()?.addEventListener('submit', ({ submitter }) => {
    // A button was pressed: what a scenario had in mind is over.
    if (!submitter) return
    turn += 1
    delayNextAnswer(0)
  })
  const chosen = sessionStorage.getItem(waiting)
  sessionStorage.removeItem(waiting)
  if (loginForm()) prefill()
  if (chosen) void run(chosen)
}

/** @param {string} name */
async function run(name) {
  const common = scenarios[name]?.()
  if (!common) return
  const scenario = document.body.dataset.ladder === 'idlayr' ? common : forOtherVendors(name, common)
  const form = loginForm()
  if (!form) return signOutFirst(name)
  if (!form.hidden && form.getAttribute('aria-busy') === 'true') return
  turn += 1
  const mine = turn
  await call('POST', '/demo/renew')
  await call('PATCH', '/demo/phone', scenario.phone)
  delayNextAnswer(scenario.delaySeconds ?? 0)
  prefill(scenario.number ?? number)
  // From here on it is the app's own page, as if the visitor had pressed the button.
  form.requestSubmit()
  await scenario.goOn?.(() => turn !== mine)
}

/** @type {Play} */
async function sendText(isStale) {
  const link = await ready('#text-link', isStale)
  // Long enough to be seen.
  await pause(1500)
  if (!isStale()) link?.click()
}

/** @type {Play} */
async function askForCode(isStale) {
  await ready('#text-link', isStale)
  await pause(1500)
  if (isStale()) return
  await call('POST', '/demo/clock', { seconds: 20 })
  const button = await ready('#another-way', isStale)
  button?.click()
}

/**
 * Waits until something on the page can be pressed.
 *
 * @param {string} selector
 * @param {() => boolean} isStale
 * @returns {Promise<HTMLElement | undefined>}
 */
async function ready(selector, isStale) {
  while (!isStale()) {
    const target = /** @type {HTMLElement | null} */ (document.querySelector(selector))
    if (target?.checkVisibility() && target.getAttribute('aria-disabled') !== 'true') return target
    await pause(50)
  }
  return undefined
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Vendors send no second code while one is open, so each visit has a number of its own: the next
 * one, from anywhere, lest two tabs go the same way.
 */
function anotherNumber() {
  const last = Number(sessionStorage.getItem(lastNumber) ?? Math.floor(Math.random() * 30))
  const next = (last + 1) % 30
  sessionStorage.setItem(lastNumber, String(next))
  return `+1 202 555 01${10 + next}`
}

/** @param {string} name */
function signOutFirst(name) {
  sessionStorage.setItem(waiting, name)
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById('logout'))
  form?.requestSubmit()
}

/**
 * The phone may have kept a SIM from an earlier visit. Whoever has not typed anything signs in with that.
 *
 * @param {string | null} sim
 */
export function followSim(sim) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById('number'))
  if (sim && turn === 0 && field?.value === number && document.activeElement !== field) field.value = sim
}

/** @param {string} [text] Without it an empty field alone is filled. */
function prefill(text) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById('number'))
  if (!field || (field.value && text === undefined)) return
  field.value = text ?? number
}

function loginForm() {
  return /** @type {HTMLFormElement | null} */ (document.getElementById('login'))
}
