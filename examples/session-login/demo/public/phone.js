// @ts-check
import { followClock, now } from './clock.js'
import { showMessages } from './messages.js'
import { byId, call } from './remote.js'

/**
 * @typedef {{ to: string, path: string, status: number | null }} Hop
 * @typedef {{ state: string, headline: string, hops: Hop[], detail?: string }} Screen
 * @typedef {import('./messages.js').Message} Message
 * @typedef {{ sim: string | null, mobileData: boolean, supported: boolean, screen: Screen,
 * messages: Message[], now: number }} PhoneView
 */

const settings = /** @type {HTMLFormElement} */ (byId('phone-settings'))
const sim = /** @type {HTMLInputElement} */ (settings.elements.namedItem('sim'))
const mobileData = /** @type {HTMLInputElement} */ (settings.elements.namedItem('mobileData'))
const supported = /** @type {HTMLInputElement} */ (settings.elements.namedItem('supported'))

export function wirePhone() {
  settings.addEventListener('submit', (event) => {
    event.preventDefault()
    void change({ sim: sim.value })
  })
  sim.addEventListener('change', () => void change({ sim: sim.value }))
  mobileData.addEventListener('change', () => void change({ mobileData: mobileData.checked }))
  supported.addEventListener('change', () => void change({ supported: supported.checked }))
  byId('pass-time').addEventListener('click', () => void call('POST', '/demo/clock', { seconds: 120 }))
  setInterval(showTime, 5000)
}

/** @param {PhoneView} view */
export function showPhone(view) {
  // Not while somebody is typing in it.
  if (document.activeElement !== sim) sim.value = spaced(view.sim ?? '')
  mobileData.checked = view.mobileData
  supported.checked = view.supported
  const online = view.mobileData && view.sim !== null
  byId('phone-network').dataset.online = String(online)
  byId('phone-network-name').textContent = online ? '5G' : 'Wi-Fi'
  followClock(view.now)
  showScreen(view.screen)
  showMessages(view.messages)
  showTime()
}

/** @param {Screen} screen */
function showScreen({ state, headline, hops, detail = '' }) {
  byId('phone-screen').dataset.state = state
  byId('phone-headline').textContent = headline
  byId('phone-hops').replaceChildren(...hops.map(hopLine))
  byId('phone-detail').textContent = detail
  byId('phone-detail').hidden = detail === ''
}

/** @param {Hop} hop */
function hopLine({ to, path, status }) {
  const line = document.createElement('li')
  line.className = 'hop'
  const name = document.createElement('b')
  name.textContent = to
  const answer = document.createElement('span')
  answer.textContent = String(status ?? '…')
  const address = document.createElement('code')
  address.textContent = path
  line.append(name, answer, address)
  return line
}

/** @param {object} wish */
async function change(wish) {
  const error = byId('sim-error')
  try {
    await call('PATCH', '/demo/phone', wish)
    error.textContent = ''
  } catch (cause) {
    error.textContent = cause instanceof Error ? cause.message : String(cause)
  }
  sim.setAttribute('aria-invalid', String(error.textContent !== ''))
}

function showTime() {
  byId('phone-time').textContent = new Date(now()).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  })
}

/** @param {string} number `+12025550100` becomes `+1 202 555 0100`; numbers of other countries stay as they are. */
function spaced(number) {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '+1 $1 $2 $3')
}
