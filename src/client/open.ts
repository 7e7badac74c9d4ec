import { deviceFields, type Fields, failure, fieldsOf, instant, type Step, tooOften } from './api.js'
import type { Clock, OpenResult, PhoneLoginOptions, Signal } from './types.js'

/**
 * Opens the check URL by the app's SDK. Where the vendor wants a pause, opens it again after that,
 * for as long as the check lives: it is as good as before.
 * @param tell hears of each time that it is opened, and of each pause
 * @returns what verify wants to know of it
 */
export async function openCheck(
  open: NonNullable<PhoneLoginOptions['open']>,
  { url = '', expiresAt, answer }: Step,
  clock: Clock,
  signal: Signal,
  tell: (retryAt?: number) => void,
): Promise<Fields> {
  for (let seconds = 5; !signal.aborted; seconds *= 2) {
    tell()
    const opened = async (): Promise<OpenResult | undefined> => open(url, { signal })
    const result = await opened().catch(() => undefined)
    const fields = deviceFields(result, answer === 'text')
    if (fields['error'] !== tooOften || signal.aborted) return fields
    const retryAt = instant(result?.retry_after ?? seconds, clock.now()) ?? expiresAt
    if (retryAt >= expiresAt) return failure()
    tell(retryAt)
    await clock.delay(retryAt - clock.now(), signal)
  }
  return {}
}

/** Has the app fetch a token. @returns what verify wants to know of it */
export async function fetchToken(
  token: NonNullable<PhoneLoginOptions['token']>,
  { kind = '', request }: Step,
  signal: Signal,
): Promise<Fields> {
  try {
    return { code: await token({ kind, request }, { signal }) }
  } catch (error) {
    // The DOM's own errors are told apart by their names.
    const { code, name, message } = fieldsOf(error)
    return failure(code || name, message)
  }
}
