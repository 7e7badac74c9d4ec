import type { PhoneCheckErrorCode, Challenge as ServerChallenge } from 'passport-phonecheck'
import { type PhoneLogin, type Problem, type ProblemCode, type Progress, phoneLogin } from 'passport-phonecheck/client'
import { expectTypeOf } from 'vitest'

// The client shares no type with the server, so this is where a code that only one of them knows is seen.
expectTypeOf<PhoneCheckErrorCode>().toExtend<ProblemCode>()
expectTypeOf<Exclude<ProblemCode, PhoneCheckErrorCode>>().toEqualTypeOf<
  'offline' | 'interrupted' | 'expired' | 'unexpected'
>()
expectTypeOf<ServerChallenge['type']>().toEqualTypeOf<'open_url' | 'send_sms' | 'enter_code' | 'get_token'>()

const login = phoneLogin<{ access_token: string }>({ baseUrl: 'https://api.example' })
expectTypeOf(login).toEqualTypeOf<PhoneLogin<{ access_token: string }>>()
expectTypeOf(login.start('+12025550100')).resolves.toEqualTypeOf<Progress<{ access_token: string }>>()
// @ts-expect-error a phone number is a string
void login.start(12025550100)
// @ts-expect-error no such call
phoneLogin({ paths: { login: '/x' } })

// Each state has what its page needs, and nothing else.
const { progress } = login
switch (progress.state) {
  case 'waiting_for_code':
    expectTypeOf(progress.length).toEqualTypeOf<number>()
    expectTypeOf(progress.problem).toEqualTypeOf<Problem | undefined>()
    break
  case 'waiting_for_sms':
    expectTypeOf(progress.href).toEqualTypeOf<string>()
    break
  case 'done':
    expectTypeOf(progress.result).toEqualTypeOf<{ access_token: string }>()
    break
  case 'failed':
    expectTypeOf(progress.problem.action).toEqualTypeOf<'retry' | 'fallback' | 'restart' | 'wait' | 'stop'>()
    break
  default:
    // @ts-expect-error no problem to show
    progress.problem
}

// What nobody named is unknown, not any.
expectTypeOf(phoneLogin()).toEqualTypeOf<PhoneLogin<unknown>>()
