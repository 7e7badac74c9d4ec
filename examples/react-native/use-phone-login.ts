import type { PhoneLogin, Progress } from 'passport-phonecheck/client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { type DeviceLoginSettings, deviceLogin } from './device-login.ts'
import type { Tokens } from './session.ts'

export interface PhoneLoginView
  extends Pick<PhoneLogin<Tokens>, 'start' | 'submitCode' | 'resend' | 'fallback' | 'retry' | 'cancel'> {
  /** Where the login is. */
  readonly progress: Progress<Tokens>
  /** Why the silent way did not work, such as `sdk_no_data_connectivity`. */
  readonly obstacle: string | undefined
}

/** One login for as long as the component is there. @param settings those of the first render count */
export function usePhoneLogin(settings: DeviceLoginSettings): PhoneLoginView {
  const [{ login, obstacle }] = useState(() => deviceLogin(settings))
  const progress = useSyncExternalStore(login.subscribe, () => login.progress)
  useEffect(() => {
    // The system may have ended the app while the user was in another one.
    void login.resume()
    // A screen that is gone asks the server for nothing more.
    return login.cancel
  }, [login])
  const { start, submitCode, resend, fallback, retry, cancel } = login
  return { progress, obstacle: obstacle(), start, submitCode, resend, fallback, retry, cancel }
}
