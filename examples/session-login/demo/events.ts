import type { Handler } from 'express'
import type { DemoParts } from './control.js'

/**
 * Server-Sent Events: the log so far and the phone at once, then each change. Because every
 * connection begins with the whole history, a page that comes back from the operator shows what
 * happened before it left.
 */
export function eventStream({ log, phone, choice }: Pick<DemoParts, 'log' | 'phone' | 'choice'>): Handler {
  return (_req, res) => {
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    const send = (event: string, data: unknown) => res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    const sendPhone = () => send('phone', phone.view)
    const sendHistory = () => send('history', log.entries)

    const sendLadders = () => send('ladders', choice.view)

    sendLadders()
    sendHistory()
    sendPhone()
    const stops = [
      log.subscribe((entry) => (entry === 'cleared' ? sendHistory() : send('entry', entry))),
      phone.subscribe(sendPhone),
      choice.subscribe(sendLadders),
    ]
    res.once('close', () => {
      for (const stop of stops) stop()
    })
  }
}
