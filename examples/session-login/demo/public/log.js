// @ts-check
import { byId, call } from './remote.js'

/**
 * @typedef {{
 *   id: number, at: number, kind: 'request' | 'event' | 'mark', from?: string, to?: string,
 *   what?: string, status?: number | string | null, note: string, begins?: boolean, times?: number
 * }} Entry
 */

const list = byId('log-steps')
const scroller = byId('log-scroll')

export function wireLog() {
  // Not all browsers let a keyboard scroll a region that cannot be focused.
  scroller.tabIndex = 0
  byId('clear-log').addEventListener('click', () => void call('DELETE', '/demo/log'))
}

/** @param {Entry[]} entries */
export function showHistory(entries) {
  list.replaceChildren(...entries.map(line))
  scrollToEnd()
}

/**
 * Shows a new step, or what became of one that is shown already.
 *
 * @param {Entry} entry
 */
export function showEntry(entry) {
  const shown = document.getElementById(lineId(entry))
  if (shown) shown.replaceWith(line(entry))
  else list.append(line(entry))
  scrollToEnd()
}

/** @param {Entry} entry */
function line(entry) {
  const { kind, from, to, what, status, note, at, begins, times = 1 } = entry
  const item = document.createElement('li')
  item.id = lineId(entry)
  item.className = `step ${kind}${begins ? ' begins' : ''}`
  item.append(
    part(
      'time',
      new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }),
      '',
    ),
  )
  if (kind === 'request') item.append(route(from ?? '', to ?? ''))
  if (kind === 'event') item.append(part('span', 'Library event', 'route'))
  if (kind !== 'mark')
    item.append(
      address(what ?? '', times),
      part('span', kind === 'event' ? '' : String(status ?? '…'), `answer ${mood(status)}`),
    )
  item.append(part('span', note, 'note'))
  return item
}

/**
 * @param {string} from
 * @param {string} to
 */
function route(from, to) {
  const node = part('span', '', 'route')
  node.append(from, part('span', ' → ', 'arrow'), to)
  return node
}

/**
 * @param {string} what A path may be broken after a slash.
 * @param {number} times
 */
function address(what, times) {
  const node = part('span', '', 'what')
  for (const piece of what.split(/(?<=\/)/)) node.append(piece, document.createElement('wbr'))
  if (times > 1) node.append(' ', part('span', `${times}×`, 'times'))
  return node
}

/** @param {number | string | null | undefined} status */
function mood(status) {
  if (status === null || status === undefined) return ''
  return (typeof status === 'number' && status < 400) || status === 'sent' || status === 'signed' ? 'good' : 'bad'
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} className
 */
function part(tag, text, className) {
  const node = document.createElement(tag)
  node.textContent = text
  node.className = className
  return node
}

/** @param {Entry} entry */
function lineId({ id }) {
  return `step-${id}`
}

function scrollToEnd() {
  scroller.scrollTop = scroller.scrollHeight
}
