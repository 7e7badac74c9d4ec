// @ts-check
import { phoneLogin } from '/phonecheck/index.js'
import { methods, progressWords, sayProblem, ways } from '/words.js'

/** @typedef {{ number: string, method: string, assurance: string }} Account */
/** @typedef {import('/phonecheck/index.js').Progress<Account>} Progress */

/** @type {import('/phonecheck/index.js').PhoneLogin<Account>} */
const login = phoneLogin()

/** @type {Record<string, string>} */
const panels = { idle: 'number', failed: 'number', waiting_for_sms: 'sms', waiting_for_code: 'code', done: 'home' }
const phone = input('phone')
const digits = input('digits')

byId('number').addEventListener('submit', (event) => {
  event.preventDefault()
  void login.start(phone.value)
})
byId('code').addEventListener('submit', (event) => {
  event.preventDefault()
  void login.submitCode(digits.value)
})
digits.addEventListener('input', () => {
  if (digits.value.length === digits.maxLength) void login.submitCode(digits.value)
})
onPress('resend', login.resend)
onPress('retry', login.retry)
onPress('fallback', login.fallback)
onPress('cancel', login.cancel)

// The page says `disabled`, so that no press is lost before somebody listens.
byId('sign-in').removeAttribute('disabled')
login.subscribe(show)
setInterval(countDown, 250)
void begin()

async function begin() {
  /** @type {Account | null} */
  const account = await fetch('/me').then((response) => response.json())
  if (account) welcome(account)
  // Goes on with the login that this tab had begun, or says why the way to the operator and back failed.
  else show(await login.resume())
}

/** @param {Progress} progress */
function show(progress) {
  const { state } = progress
  const panel = panels[state]
  // While the server is asked the panel stays as it is.
  if (panel) open(panel)
  const problem = 'problem' in progress ? progress.problem : undefined
  byId('news').textContent = problem ? sayProblem(problem.code, problem.reason) : (progressWords[state] ?? '')
  byId('news').className = problem ? 'problem' : ''
  // Why the way before this one was passed over: without it a text or a code comes as a surprise,
  // and whoever is on Wi-Fi learns nothing.
  const [passedOver] = 'skipped' in progress ? progress.skipped : []
  if (passedOver && !problem) byId('news').textContent = sayProblem('rung_unable', passedOver.reason)

  byId('retry').hidden = !problem || state !== 'failed' || !['retry', 'wait'].includes(problem.action)
  until('retry', problem?.retryAt)
  const [next] = 'fallback' in progress ? progress.fallback : []
  byId('fallback').hidden = next === undefined
  byId('fallback').textContent = ways[next ?? ''] ?? 'Another way'
  byId('cancel').hidden = state === 'idle' || state === 'failed' || state === 'done'

  if (state === 'falling_back' && progress.retryAt !== undefined)
    byId('news').textContent = 'Another way is open in a moment…'
  if (state === 'waiting_for_sms') {
    byId('sms-body').textContent = progress.body
    byId('sms-to').textContent = progress.to
    byId('sms-link').setAttribute('href', progress.href)
  }
  if (state === 'waiting_for_code') {
    digits.maxLength = progress.length
    digits.value = ''
    digits.disabled = progress.attemptsLeft === 0
    byId('resend').hidden = progress.resendAt === undefined
    until('resend', progress.resendAt)
    if (problem && progress.attemptsLeft !== undefined) byId('news').append(` Tries left: ${progress.attemptsLeft}.`)
    digits.focus()
  }
  if (state === 'done') welcome(progress.result)
}

/** @param {Account} account */
function welcome({ number, method, assurance }) {
  open('home')
  byId('title').textContent = 'Welcome'
  byId('who').textContent = number
  byId('how').textContent = `${methods[method] ?? method} (assurance: ${assurance})`
}

/** @param {string} id */
function open(id) {
  for (const panel of document.querySelectorAll('[data-panel]')) panel.toggleAttribute('hidden', panel.id !== id)
}

/**
 * Keeps a button from being pressed before an instant.
 *
 * @param {string} id
 * @param {number | undefined} instant
 */
function until(id, instant = 0) {
  byId(id).dataset.until = String(instant)
  countDown()
}

function countDown() {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-until]'))) {
    const seconds = Math.max(0, Math.ceil((Number(button.dataset.until) - Date.now()) / 1000))
    button.setAttribute('aria-disabled', String(seconds > 0))
    const label = button.querySelector('.until')
    if (label) label.textContent = seconds > 0 ? `in ${seconds} s` : ''
  }
}

/**
 * @param {string} id
 * @param {() => unknown} act
 */
function onPress(id, act) {
  byId(id).addEventListener('click', () => {
    if (byId(id).getAttribute('aria-disabled') !== 'true') void act()
  })
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id))
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (byId(id))
}
