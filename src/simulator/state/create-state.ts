import type { Behaviour } from '../behaviour.js'
import { CamaraGrants } from '../camara/grants.js'
import { OperatorTokens } from '../camara/operator-tokens.js'
import { Otps } from '../camara/otps.js'
import { PnvIssuer } from '../firebase/pnv.js'
import { fourDigits } from '../idenfy/codes.js'
import { Verifications } from '../idenfy/verifications.js'
import { CallbackKeys } from '../idlayr/callback-keys.js'
import { Callbacks } from '../idlayr/callbacks.js'
import { checkResource } from '../idlayr/check-resource.js'
import { Checks } from '../idlayr/checks.js'
import { moCheckResource } from '../idlayr/mo-check.js'
import { MoChecks } from '../idlayr/mo-checks.js'
import { problemsOf } from '../idlayr/problem.js'
import { Tokens } from '../idlayr/tokens.js'
import type { SimulatorOptions } from '../options.js'
import type { MessageRecord, PhoneMessageRecord, Sms } from '../phones/messages.js'
import { masked } from '../phones/number.js'
import type { InboxItem } from '../phones/phone-record.js'
import { Phones } from '../phones/phones.js'
import { FaultList } from '../server/faults.js'
import { Listeners } from '../server/listeners.js'
import { Rates } from '../server/rates.js'
import { RequestLog } from '../server/request-log.js'
import { SnaAttempts } from '../twilio/sna-attempts.js'
import { TwilioVerifications } from '../twilio/verifications.js'
import { VonageRequests } from '../vonage/requests.js'
import { systemClock } from './clock.js'
import { deviceTokens } from './device-tokens.js'
import type { NumberOverride } from './override.js'
import { Scheduler } from './scheduler.js'
import type { SimulatorState } from './simulator-state.js'

/** @param local origin on this machine @param url origin of the URLs that are handed out */
export function createState(
  local: string,
  url: string,
  behaviour: Behaviour,
  options: SimulatorOptions,
): SimulatorState {
  const clock = options.clock ?? systemClock
  const scheduler = new Scheduler(clock)
  const keys = new CallbackKeys()
  const messages = new Listeners<MessageRecord>()
  const overrides = new Map<string, NumberOverride>()
  const callbacks = new Callbacks({ clock, behaviour, scheduler, keys, messages })
  const report = (
    kind: PhoneMessageRecord['kind'],
    direction: PhoneMessageRecord['direction'],
    number: string,
    delivered: boolean,
  ) => messages.emit({ kind, direction, phone: masked(number), delivered, at: clock.now() })

  const moChecks = new MoChecks({
    clock,
    behaviour,
    scheduler,
    overrides,
    onEnd: (check) => {
      if (check.callbackUrl === null) return
      callbacks.send({
        url: check.callbackUrl,
        product: 'mo_check',
        checkId: check.id,
        body: moCheckResource({ behaviour }, check),
      })
    },
  })
  const deliverSms = (sms: Sms) => {
    const delivered = moChecks.receive(sms)
    report('sms', 'from_phone', sms.from, delivered)
    return delivered
  }
  const pnv = new PnvIssuer(options.pnvProject ?? { number: '123456789012', id: 'demo-project' }, clock, behaviour)
  const operatorTokens = new OperatorTokens(clock)
  const phones = new Phones({
    clock,
    origin: url,
    local,
    sync: () => scheduler.sync(),
    carry: deliverSms,
    fetchToken: deviceTokens({ behaviour, pnv, operatorTokens }),
  })
  const carry = (number: string, item: InboxItem) => report(item.kind, 'to_phone', number, phones.receive(number, item))

  return {
    url,
    clock,
    behaviour,
    sandbox: options.sandbox ?? false,
    clients: options.clients,
    problem: problemsOf(options.brand ?? 'tru.id'),
    phones,
    tokens: new Tokens(clock, options.tokenTtlSeconds ?? 3600),
    rates: new Rates(clock, () => behaviour.rateLimitPerHour),
    checks: new Checks(clock, behaviour, scheduler, (check) => {
      if (check.callbackUrl === null) return
      callbacks.send({ url: check.callbackUrl, product: 'phone_check', checkId: check.id, body: checkResource(check) })
    }),
    moChecks,
    idenfyKeys: options.idenfyKeys,
    idenfyRates: new Rates(clock, () => behaviour.idenfyRateLimitPerHour),
    verifications: new Verifications({
      clock,
      behaviour,
      scheduler,
      codes: fourDigits(options.codes),
      carry,
    }),
    vonageKeys: options.vonageKeys,
    vonageApplications: options.vonageApplications,
    vonageRequests: new VonageRequests({ clock, behaviour, scheduler, carry }),
    twilio: {
      accounts: options.twilioAccounts,
      sna: new SnaAttempts(),
      rates: new Rates(clock, () => behaviour.twilioRateLimitPerHour),
      verifications: new TwilioVerifications({
        clock,
        behaviour,
        codes: options.twilioCodes,
        carry,
      }),
    },
    camara: new CamaraGrants(clock),
    camaraClients: options.camaraClients,
    camaraOtps: new Otps({ clock, behaviour, carry }),
    pnv,
    operatorTokens,
    scheduler,
    keys,
    callbacks,
    messages,
    deliverSms,
    overrides,
    faults: new FaultList(),
    log: new RequestLog(clock),
  }
}
