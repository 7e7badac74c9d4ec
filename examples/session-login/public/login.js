// @ts-check
import { problemOf, start } from './api.js'
import { climb, LoginError } from './challenges.js'
import { device } from './device.js'
import { forget, recall, rememberNumber } from './memory.js'
import { isOver, messageFor } from './messages.js'
import { element, showPanel } from './panels.js'
import { clearStatus, onTryAgain, showProblem, showProgress } from './status.js'
import { offerNextWay, showSkipped } from './ways.js'

/** @import { Problem, Step } from './api.js' */

const form = element('login', HTMLFormElement)
const number = element('number', HTMLInputElement)
const startOver = element('start-over', HTMLButtonElement)

/** The button that was pressed last. @type {'device' | 'browser'} */
let lastWay = device ? 'device' : 'browser'

/** Ends everything that belongs to the present login. */
let attempt = new AbortController()

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter)
  void signIn(button?.value === 'browser' || !device ? 'browser' : 'device')
})
// Until somebody listens the browser would submit the form itself, and put the number into the address.
for (const button of form.querySelectorAll('button')) button.disabled = false
number.addEventListener('input', () => {
  if (!busy()) reset()
})
onTryAgain(() => void signIn(lastWay))
startOver.addEventListener('click', () => {
  reset()
  number.focus()
})
// The back button may bring this page back as it was left: in the middle of a login.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) reset()
})

if (!device) offerBrowserOnly()
takeUp()

/** @param {'device' | 'browser'} way */
async function signIn(way) {
  if (busy()) return
  lastWay = way
  await login(
    async () => {
      showProgress('Starting the check…')
      rememberNumber(number.value)
      const step = await start(number.value, way)
      showSkipped(step)
      return step
    },
    way === 'device' ? device : null,
  )
}

/**
 * @param {() => Step | Promise<Step>} begin
 * @param {import('./device.js').Device | null} via What brings the silent way's result; null where the browser leaves for it
 */
async function login(begin, via) {
  const signal = renew()
  startOver.hidden = false
  showPanel('login')
  setBusy(true)
  try {
    const { next } = await climb(await begin(), { device: via, signal })
    forget()
    location.assign(next)
  } catch (error) {
    if (signal.aborted) return
    forget()
    showPanel('login')
    setBusy(false)
    if (error instanceof LoginError) fail(problemOf(error.cause), error.step)
    else fail(problemOf(error))
  }
}

/**
 * @param {Problem} problem
 * @param {Step} [step] Where the login was, if it had begun
 */
function fail(problem, step) {
  showProblem(messageFor(problem))
  const aboutNumber = ['invalid_phone_number', 'number_type_not_allowed', 'country_not_allowed', 'mismatch'].includes(
    problem.code,
  )
  number.setAttribute('aria-invalid', String(aboutNumber))
  if (aboutNumber) number.focus()
  if (step && !isOver(problem) && problem.code !== 'cooldown') void goOn(problem, step)
}

/**
 * Offers the rest of the ladder below the form.
 *
 * @param {Problem} problem
 * @param {Step} step
 */
async function goOn({ code, fallback }, step) {
  const methods = fallback ?? step.fallback
  if (methods.length === 0) return
  const offer = offerNextWay({ ...step, fallback: methods }, attempt.signal)
  startOver.hidden = true
  if (code === 'mismatch' || code === 'rung_unable') offer.openNow(methods)
  try {
    const next = await offer.taken
    await login(() => next, device)
  } catch (error) {
    renew()
    fail(problemOf(error))
  }
}

/**
 * Goes on where this tab was, or explains why a login by redirect failed, which comes back as
 * `/login?phonecheck=<code>&reason=<reason>`. Some vendors bring the result of the redirect behind the
 * `#`, which only this page sees: then it plays the part of the device that has it.
 */
function takeUp() {
  const { number: typed = '', step } = recall() ?? {}
  const address = new URL(location.href)
  const code = address.searchParams.get('phonecheck')
  const reason = address.searchParams.get('reason') ?? undefined
  const brought = Object.fromEntries(new URLSearchParams(address.hash.slice(1)))
  forget()
  if (code !== null) {
    number.value = typed
    lastWay = 'browser'
    // Or a reload, a bookmark or a shared link would show the message again.
    address.searchParams.delete('phonecheck')
    address.searchParams.delete('reason')
    address.hash = ''
    history.replaceState(null, '', address)
    // Without its check a code could be a stranger's, in a link, which would use up this login's only try.
    const isWhole = 'request_id' in brought || 'error_description' in brought
    if (code === 'returned' && step && isWhole)
      void login(() => step, { open: async () => ({ http_status: 200, response_body: brought }) })
    else fail({ code, ...(reason !== undefined && { reason }) }, step)
  } else if (step && step.challenge.type !== 'open_url') {
    number.value = typed
    rememberNumber(typed)
    void login(() => step, device)
  }
}

function offerBrowserOnly() {
  const [silent, browser] = form.querySelectorAll('button')
  silent?.remove()
  element('browser-hint', HTMLElement).remove()
  browser?.removeAttribute('aria-describedby')
  browser?.classList.add('primary')
  browser?.replaceChildren('Sign in')
}

function busy() {
  return !form.hidden && form.getAttribute('aria-busy') === 'true'
}

/** @param {boolean} on */
function setBusy(on) {
  form.setAttribute('aria-busy', String(on))
  number.readOnly = on
  // Not `disabled`, which would throw the keyboard's focus away.
  for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', String(on))
}

/** Ends what is left of the login before. */
function renew() {
  attempt.abort()
  attempt = new AbortController()
  return attempt.signal
}

/** Back to the number, without a login. */
function reset() {
  renew()
  forget()
  setBusy(false)
  showPanel('login')
  number.removeAttribute('aria-invalid')
  clearStatus()
}
