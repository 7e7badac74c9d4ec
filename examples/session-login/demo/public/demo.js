// @ts-check
import { showLadders, wireLadders } from './ladders.js'
import { showEntry, showHistory, wireLog } from './log.js'
import { wireMessages } from './messages.js'
import { showPhone, wirePhone } from './phone.js'
import { followSim, wireScenarios } from './scenarios.js'

wirePhone()
wireMessages()
wireLog()
wireScenarios()
wireLadders()

/** @type {EventSource | undefined} */
let stream

// Browsers allow six connections to one server, over all tabs: a tab that nobody sees gives its own back.
document.addEventListener('visibilitychange', listen)
listen()

function listen() {
  stream?.close()
  stream = undefined
  if (document.visibilityState === 'hidden') return
  stream = new EventSource('/demo/events')
  on('history', showHistory)
  on('entry', showEntry)
  on('phone', showPhone)
  on('ladders', showLadders)
  stream.addEventListener('phone', ({ data }) => followSim(JSON.parse(data).sim), { once: true })
}

/**
 * @template Data
 * @param {string} type
 * @param {(data: Data) => void} show
 */
function on(type, show) {
  stream?.addEventListener(type, (event) => show(JSON.parse(event.data)))
}
