import type { Server } from 'node:http'
import { e164 } from './phones/number.js'
import type { Simulator } from './simulator.js'
import type { SimulatorState } from './state/simulator-state.js'
import { checkView, moCheckView } from './state/views.js'

/** The simulator as its user sees it. */
export function createSimulator(world: SimulatorState, server: Server): Simulator {
  let closing: Promise<void> | undefined
  return {
    url: world.url,
    behaviour: world.behaviour,
    requests: world.log.records,
    get checks() {
      return world.checks.all().map(checkView)
    },
    get moChecks() {
      return world.moChecks.all().map(moCheckView)
    },
    callbacks: world.callbacks.records,
    get browserPhone() {
      return world.phones.browserPhone
    },
    set browserPhone(phone) {
      world.phones.browserPhone = phone
    },
    phone: (number) => world.phones.get(number),
    check: (checkId) => {
      const check = world.checks.find(checkId)
      return check === undefined ? undefined : checkView(check)
    },
    deliverSms: async (sms) => (world.carry(sms) ? 'delivered' : 'dropped'),
    rotateCallbackKey: ({ keepPrevious = true } = {}) => world.keys.rotate(keepPrevious),
    signCallback: (draft) => world.callbacks.sign(draft),
    settled: () => world.callbacks.settled(),
    count: (match) => world.log.count(match),
    fault: (fault) => world.faults.add(fault),
    clearFaults: () => world.faults.clear(),
    override: (number, override) => {
      const canonical = e164(number)
      if (canonical === undefined) throw new TypeError('override(number): the number must be E.164, like +12025550100')
      if (override === null) world.overrides.delete(canonical)
      else world.overrides.set(canonical, override)
    },
    expireTokens: () => world.tokens.expireAll(),
    onRequest: (listener) => world.log.subscribe(listener),
    onMessage: (listener) => world.messages.add(listener),
    close: () => {
      world.agenda.close()
      world.callbacks.close()
      closing ??= new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closing
    },
  }
}
