import {
  BearerStrategy,
  MemoryStore,
  PhoneCheckStrategy,
  type PhoneCheckStrategyOptions,
  phoneCheck,
  phoneCheckErrors,
} from 'passport-phonecheck'
import { describe, expect, test } from 'vitest'
import { secret } from '../support/app.js'

const ladder = [phoneCheck({ clientId: 'client', clientSecret: 'client-secret' })]
const good: PhoneCheckStrategyOptions = { ladder, store: new MemoryStore(), secret }
const build = (options: object) =>
  new PhoneCheckStrategy({ ...good, ...options } as PhoneCheckStrategyOptions, async () => null)

describe('a mistake is named with what was probably meant', () => {
  test.each([
    [
      { callbackURL: 'https://app.example/' },
      /unknown option 'callbackURL'; .* called redirectUrl here, and callbackUrl is the address of the webhook/,
    ],
    [{ redirecturl: 'https://app.example/' }, /did you mean redirectUrl\?/],
    [{ sekret: 'x' }, /did you mean secret\?/],
    [{ zzz: 1 }, /unknown option 'zzz'; the options are ladder/],
    [{ limits: { checksPerDays: 5 } }, /limits: unknown option 'checksPerDays'; did you mean checksPerDay\?/],
    [{ store: MemoryStore }, /store is a class; pass an instance, such as new MemoryStore\(\)/],
    [
      { origins: ['https://app.example', 'http://localhost:5173/'] },
      /'http:\/\/localhost:5173\/' is none: write 'http:\/\/localhost:5173'/,
    ],
    [{ origins: ['https://user:pw@app.example'] }, /'https:\/\/…@app.example' is none: write 'https:\/\/app.example'$/],
    [{ origins: [5] }, /origins must be a list.*a value of the type number is none$/],
    [{ countries: ['US', 'UK'] }, /'UK' is none: write 'GB'/],
    [{ countries: ['us'] }, /'us' is none: write 'US'/],
    [{ countries: ['XX'] }, /'XX' is none$/],
    [{ defaultCountry: 'uk' }, /defaultCountry must be an ISO code.*write 'GB'/],
    [
      { redirectUrl: 'https://app.example/#/return', loginUrl: '/login' },
      /redirectUrl must have no fragment: leave out the #/,
    ],
  ])('%o', (options, message) => {
    expect(() => build(options)).toThrow(TypeError)
    expect(() => build(options)).toThrow(message)
  })

  test('phoneCheckErrors with options, or mounted without its parentheses', () => {
    for (const given of [[{ x: 1 }], [{}, {}, () => {}]])
      expect(() => (phoneCheckErrors as (...all: unknown[]) => unknown)(...given)).toThrow(
        /takes no options; mount it with parentheses/,
      )
  })

  test('options and callback in the wrong order', () => {
    const verify = async () => null
    expect(() => new PhoneCheckStrategy(verify as never, good as never)).toThrow(
      /the options come first .*: new PhoneCheckStrategy\(options, verify\)/,
    )
    expect(() => new BearerStrategy(verify as never, (() => null) as never)).toThrow(
      /the settings come first .*: new BearerStrategy\(settings, verify\)/,
    )
  })
})
