import { fieldsOf, flowLifeMs, type Step } from './api.js'
import { platform } from './platform.js'
import type { Clock, StorageLike } from './types.js'

/**
 * Keeps a login over the redirect to the provider, a reload, or a tab that the system put away;
 * and, longer than any login, that the server knows the device.
 */
export interface LoginStorage {
  save(step: Step): void
  load(): Step | undefined
  forget(): void
  /** @param value what the app's verify route answered as `device`, if it did */
  keepDevice(value: unknown): unknown
  device(): string | undefined
}

/** @param storage `undefined` for the platform's, which may be absent or forbidden; `null` for none */
export function loginStorage(storage: StorageLike | null | undefined, key: string, clock: Clock): LoginStorage {
  // Even reading `sessionStorage` throws where the user has switched it off. Where there is no
  // storage, using it throws too.
  const attempt = <T>(use: (storage: StorageLike) => T): T | undefined => {
    try {
      return use((storage === undefined ? platform.sessionStorage : storage) as StorageLike)
    } catch {
      return undefined
    }
  }
  const deviceKey = `${key} device`
  const forget = () => attempt((place) => place.removeItem(key))
  return {
    forget,
    // Without the check URL or the request of a token: each can be used once, and by then it was.
    save: (step) =>
      attempt((place) => place.setItem(key, JSON.stringify({ ...step, url: undefined, request: undefined }))),
    load() {
      const step = attempt((place) => JSON.parse(place.getItem(key) as string))
      const age = clock.now() - Number(fieldsOf(step)['since'])
      if (age >= 0 && age < flowLifeMs) return step
      forget()
      return undefined
    },
    keepDevice: (value) => value && attempt((place) => place.setItem(deviceKey, value as string)),
    // A storage may hold anything, and the server refuses a start with a longer text.
    device: () => attempt((place) => place.getItem(deviceKey)?.slice(0, 512)),
  }
}
