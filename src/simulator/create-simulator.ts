import type { Server } from 'node:http'
import { e164 } from './phones/number.js'
import type { Simulator } from './running-simulator.js'
import type { SimulatorState } from './state/simulator-state.js'
import { checkView, moCheckView } from './state/views.js'

/** The simulator as its user sees it. */
export function createSimulator(url: string, state: SimulatorState, server: Server): Simulator {
  let closing: Promise<void> | undefined
  return {
    url,
    behaviour: state.behaviour,
    requests: state.log.records,
    get checks() {
      return state.checks.all().map(checkView)
    },
    get moChecks() {
      return state.moChecks.all().map(moCheckView)
    },
    callbacks: state.callbacks.records,
    get browserPhone() {
      return state.phones.browserPhone
    },
    set browserPhone(phone) {
      state.phones.browserPhone = phone
    },
    phone: (number) => state.phones.get(number),
    check: (checkId) => {
      const check = state.checks.find(checkId)
      return check === undefined ? undefined : checkView(check)
    },
    deliverSms: async (sms) => (state.deliverSms(sms) ? 'delivered' : 'dropped'),
    rotateCallbackKey: ({ keepPrevious = true } = {}) => state.keys.rotate(keepPrevious),
    signPnvToken: (draft) => state.pnv.sign(draft),
    rotatePnvKey: ({ keepPrevious = true } = {}) => state.pnv.rotate(keepPrevious),
    signCallback: (draft) => state.callbacks.sign(draft),
    settled: () => state.callbacks.settled(),
    count: (match) => state.log.count(match),
    fault: (fault) => state.faults.add(fault),
    clearFaults: () => state.faults.clear(),
    override: (number, override) => {
      const canonical = e164(number)
      if (canonical === undefined) throw new TypeError('override(number): the number must be E.164, like +12025550100')
      if (override === null) state.overrides.delete(canonical)
      else state.overrides.set(canonical, override)
    },
    expireTokens: () => {
      state.tokens.expireAll()
      state.camara.expireTokens()
    },
    onRequest: (listener) => state.log.subscribe(listener),
    onMessage: (listener) => state.messages.add(listener),
    close: () => {
      state.scheduler.close()
      state.callbacks.close()
      closing ??= new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closing
    },
  }
}
