// @ts-check
/** @import { Message } from './messages.js' */

/** What the button “Try again” does. */
let tryAgain = () => {}

/** @param {() => void} handler */
export function onTryAgain(handler) {
  tryAgain = handler
}

const region = /** @type {HTMLElement} */ (document.getElementById('status'))

/** @param {string} text What is going on now */
export function showProgress(text) {
  const line = element('p', text)
  line.prepend(element('span', '', 'spinner'))
  show('progress', line)
}

/** @param {Message} message */
export function showProblem(message) {
  show('problem', ...sentences(message))
}

/**
 * Not a refusal: why something else is asked for, or what was done.
 *
 * @param {Message} message
 */
export function showNote(message) {
  show('note', ...sentences(message))
}

/** @param {Message} message */
function sentences({ title, text, again }) {
  const parts = [element('strong', title), element('p', text)]
  if (!again) return parts
  const button = element('button', 'Try again', 'button')
  button.addEventListener('click', () => tryAgain())
  return [...parts, button]
}

export function clearStatus() {
  region.className = 'status'
  region.replaceChildren()
}

/**
 * @param {string} kind
 * @param {...HTMLElement} parts
 */
function show(kind, ...parts) {
  region.className = `status ${kind}`
  region.replaceChildren(...parts)
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} [className]
 */
function element(tag, text, className = '') {
  const node = document.createElement(tag)
  node.textContent = text
  node.className = className
  return node
}
