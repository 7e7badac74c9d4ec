import {
  type AccessTokenClaims,
  type Assurance,
  BearerStrategy,
  type Handler,
  issueJwt,
  type JwtSettings,
  refreshJwt,
} from 'passport-phonecheck'
import { expectTypeOf } from 'vitest'

const shared = {
  issuer: 'https://app.example',
  audience: 'https://api.example',
  keys: [{ kid: '1', algorithm: 'HS256', secret: process.env['KEY'] ?? '' }],
} as const

const settings: JwtSettings<{ role: 'admin' | 'user' }> = {
  ...shared,
  subject: (user) => {
    expectTypeOf(user).toEqualTypeOf<Express.User>()
    return user.id
  },
  claims: () => ({ role: 'user' }),
}
expectTypeOf(issueJwt(settings)).toEqualTypeOf<Handler>()
expectTypeOf(refreshJwt(settings)).toEqualTypeOf<Handler>()

// The claims of the settings reach the callback, beside those that every token has.
new BearerStrategy(settings, (claims, done) => {
  expectTypeOf(claims.role).toEqualTypeOf<'admin' | 'user'>()
  expectTypeOf(claims.sub).toEqualTypeOf<string>()
  expectTypeOf(claims.acr).toEqualTypeOf<Assurance>()
  // @ts-expect-error no such claim
  claims.tenant
  // @ts-expect-error claims cannot be changed
  claims.sub = 'x'
  done(null, { id: claims.sub })
})

// A service that only verifies names them itself.
new BearerStrategy<{ tenant: string }>(shared, async (claims) => {
  expectTypeOf(claims).toExtend<AccessTokenClaims>()
  expectTypeOf(claims.tenant).toEqualTypeOf<string>()
  return { id: claims.sub }
})
new BearerStrategy(shared, async ({ sub }) => ({ id: sub }))
// @ts-expect-error not the application's user
new BearerStrategy(shared, async () => ({ name: 'x' }))

// Names that are ours cannot be claims of the application.
// @ts-expect-error `sub` is ours
issueJwt({ ...settings, claims: () => ({ role: 'user', sub: 'x' }) })
// @ts-expect-error without a subject nothing can be issued
issueJwt(shared)

declare const authInfo: Express.AuthInfo
expectTypeOf(authInfo.phoneCheckToken).toEqualTypeOf<AccessTokenClaims | undefined>()
