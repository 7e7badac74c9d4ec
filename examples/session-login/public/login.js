// @ts-check
import { ProblemError, start, verify } from './api.js'
import { challenges } from './challenges.js'
import { device } from './device.js'
import { messageFor } from './messages.js'
import { clearStatus, showProblem, showProgress } from './status.js'

const form = /** @type {HTMLFormElement} */ (document.getElementById('login'))
const number = /** @type {HTMLInputElement} */ (form.elements.namedItem('number'))

/** Where a login by redirect leaves the number, so that nobody types it twice when it fails. */
const typedNumber = 'login-number'

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter)
  void login(button?.value === 'browser' || !device ? 'browser' : 'device')
})
number.addEventListener('input', () => {
  if (!busy()) reset()
})
// The back button may bring this page back as it was left: in the middle of a login.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) reset()
})

if (!device) offerBrowserOnly()
explainFailedReturn()

/** @param {'device' | 'browser'} way */
async function login(way) {
  if (busy()) return
  setBusy(true)
  try {
    showProgress('Starting the check…')
    const flow = await start(number.value, way)
    if (way === 'browser') {
      sessionStorage.setItem(typedNumber, number.value)
      return location.assign(flow.challenge.url)
    }
    showProgress('Your phone is asking its operator…')
    const solve = challenges[flow.challenge.type]
    if (!device || !solve) throw new ProblemError({ code: 'ladder_exhausted' })
    const result = await solve(flow.challenge, device)
    showProgress('Signing you in…')
    const { next } = await verify(flow.flow, result)
    location.assign(next)
  } catch (error) {
    setBusy(false)
    fail(error instanceof ProblemError ? error.problem : { code: 'unexpected' })
  }
}

/** @param {import('./api.js').Problem} problem */
function fail(problem) {
  showProblem(messageFor(problem))
  const aboutNumber = ['invalid_phone_number', 'number_type_not_allowed', 'country_not_allowed', 'mismatch'].includes(problem.code)
  number.setAttribute('aria-invalid', String(aboutNumber))
  if (aboutNumber) number.focus()
}

/** A login by redirect that failed comes back as `/login?phonecheck=<code>`. */
function explainFailedReturn() {
  const address = new URL(location.href)
  const code = address.searchParams.get('phonecheck')
  if (code === null) return
  number.value = sessionStorage.getItem(typedNumber) ?? ''
  fail({ code })
  // Or a reload, a bookmark or a shared link would show the message again.
  address.searchParams.delete('phonecheck')
  history.replaceState(null, '', address)
}

function offerBrowserOnly() {
  const [silent, browser] = form.querySelectorAll('button')
  silent?.remove()
  browser?.classList.add('primary')
  browser?.replaceChildren('Sign in')
}

function busy() {
  return form.getAttribute('aria-busy') === 'true'
}

/** @param {boolean} on */
function setBusy(on) {
  form.setAttribute('aria-busy', String(on))
  number.readOnly = on
  // Not `disabled`, which would throw the keyboard's focus away.
  for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', String(on))
}

function reset() {
  setBusy(false)
  number.removeAttribute('aria-invalid')
  clearStatus()
}
