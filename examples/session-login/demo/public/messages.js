// @ts-check
import { byId, call } from './remote.js'

/**
 * @typedef {{ kind: 'sms' | 'call' | 'whatsapp', way: 'in' | 'out', who: string, text: string, at: number }} Message
 */

const thread = byId('phone-thread')

/** A real phone's own app opens `sms:` links; here the virtual phone sends the text. */
export function wireMessages() {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="sms:"]') : null
    if (!link) return
    event.preventDefault()
    const [, to = '', query = ''] = /^sms:([^?]*)\??(.*)$/.exec(link.getAttribute('href') ?? '') ?? []
    void call('POST', '/demo/phone/send', { to, body: new URLSearchParams(query).get('body') ?? '' })
  })
}

/** @param {Message[]} messages */
export function showMessages(messages) {
  byId('phone-messages').hidden = messages.length === 0
  thread.replaceChildren(...messages.map(bubble))
  thread.scrollTop = thread.scrollHeight
}

/** @param {Message} message */
function bubble({ kind, way, who, text }) {
  const item = document.createElement('li')
  item.className = `bubble ${way} ${kind}`
  const head = document.createElement('b')
  if (way === 'out') head.textContent = `To ${who}`
  else head.textContent = kind === 'call' ? `Call from ${who}` : who
  const words = document.createElement('span')
  words.textContent = text
  item.append(head, words)
  return item
}
