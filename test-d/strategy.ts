import type { Request } from 'express'
import type {} from 'passport'
import {
  type FlowStrategy,
  type Handler,
  idenfySms,
  MemoryStore,
  moCheck,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  type PhoneIdentity,
  type Provider,
  phoneCheck,
  type Readiness,
  Strategy,
  type Verdict,
  type VerifyCallback,
} from 'passport-phonecheck'
import { expectTypeOf } from 'vitest'

const vendor = {
  brand: 'idlayr',
  region: 'eu',
  clientId: process.env['ID'],
  clientSecret: process.env['SECRET'],
} as const
const ladder = [
  phoneCheck(vendor),
  moCheck(vendor),
  idenfySms({ apiKey: process.env['KEY'], apiSecret: process.env['SECRET'] }),
]
const options = { ladder, store: new MemoryStore(), secret: process.env['PHONECHECK_SECRET'], countries: ['US'] }

// What the environment may lack can be passed on as it is; it is judged when the strategy is made.
expectTypeOf<PhoneCheckStrategyOptions['secret']>().toEqualTypeOf<string | undefined>()
expectTypeOf(ladder).toEqualTypeOf<Provider[]>()
expectTypeOf(Strategy).toEqualTypeOf(PhoneCheckStrategy)

// Three options are required.
// @ts-expect-error without a store
new PhoneCheckStrategy({ ladder, secret: 'x' }, async () => null)
// @ts-expect-error without a ladder
new PhoneCheckStrategy({ store: options.store, secret: 'x' }, async () => null)
// @ts-expect-error no such option
new PhoneCheckStrategy({ ...options, country: ['US'] }, async () => null)
// @ts-expect-error no such assurance
new PhoneCheckStrategy({ ...options, floor: 'highest' }, async () => null)
// @ts-expect-error a verify callback is required
new PhoneCheckStrategy(options)

// The verify callback: a user, a refusal, or Passport's `done`.
new PhoneCheckStrategy(options, (identity) => {
  expectTypeOf(identity).toEqualTypeOf<PhoneIdentity>()
  return { id: identity.phoneNumber }
})
new PhoneCheckStrategy(options, async ({ method }) => (method === 'phonecheck' ? { id: '1' } : false))
new PhoneCheckStrategy(options, (identity, done) => {
  expectTypeOf(done).parameter(1).toEqualTypeOf<Verdict>()
  done(null, { id: identity.phoneNumber }, { message: identity.method })
  done(new Error('x'))
  done(null, false)
})
// @ts-expect-error not the application's user
new PhoneCheckStrategy(options, async () => ({ name: 'x' }))
// @ts-expect-error true is no user
new PhoneCheckStrategy(options, async () => true)
expectTypeOf<VerifyCallback>().parameter(0).toEqualTypeOf<PhoneIdentity>()

// The request comes first only where it was asked for, and may be Express's own type of it.
new PhoneCheckStrategy({ ...options, passReqToCallback: true }, (req: Request, identity) => {
  expectTypeOf(identity).toEqualTypeOf<PhoneIdentity>()
  return { id: req.path + identity.phoneNumber }
})
new PhoneCheckStrategy({ ...options, passReqToCallback: true }, (req, _identity, done) => {
  expectTypeOf(req.user).toEqualTypeOf<Express.User | undefined>()
  done(null, null)
})
// @ts-expect-error the request was not asked for
new PhoneCheckStrategy(options, (_req: Request, identity: PhoneIdentity) => ({ id: identity.phoneNumber }))

const phone = new PhoneCheckStrategy(options, async () => null)
expectTypeOf(phone).toExtend<FlowStrategy>()
expectTypeOf(phone.start({ binding: 'handle' })).toEqualTypeOf<Handler>()
expectTypeOf(phone.ready()).resolves.toEqualTypeOf<Readiness>()
// @ts-expect-error no such binding
phone.start({ binding: 'session' })

// A purpose belongs to a signed-in user.
const linking = phone.purpose('link', { subject: (req: Request) => req.user?.id }, async (identity) => ({
  id: identity.flowId,
}))
expectTypeOf(linking).toEqualTypeOf<FlowStrategy>()
// @ts-expect-error without a subject
phone.purpose('link', {}, async () => null)
