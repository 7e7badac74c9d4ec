import { platform } from './platform.js'
import type { Clock, StorageLike } from './types.js'
import { fieldsOf, flowLifeMs, type Step } from './wire.js'

/** Keeps a login over the redirect to the provider, a reload, or a tab that the system put away. */
export interface Memory {
  save(step: Step): void
  load(): Step | undefined
  forget(): void
}

/** @param storage `undefined` for the platform's, which may be absent or forbidden; `null` for none */
export function memoryIn(storage: StorageLike | null | undefined, key: string, clock: Clock): Memory {
  // Even reading `sessionStorage` throws where the user has switched it off.
  const attempt = <T>(use: (storage: StorageLike | null | undefined) => T): T | undefined => {
    try {
      return use(storage === undefined ? platform.sessionStorage : storage)
    } catch {
      return undefined
    }
  }
  const forget = () => attempt((place) => place?.removeItem(key))
  return {
    forget,
    // Without the check URL: it can be used once, and by then it was.
    save: (step) =>
      attempt((place) =>
        place?.setItem(
          key,
          JSON.stringify(step, (name, value) => (name === 'url' ? undefined : value)),
        ),
      ),
    load() {
      const step = attempt((place) => JSON.parse(place?.getItem(key) ?? ''))
      const age = clock.now() - Number(fieldsOf(step)['since'])
      if (age >= 0 && age < flowLifeMs) return step
      forget()
      return undefined
    },
  }
}
