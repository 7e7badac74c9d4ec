import * as SecureStore from 'expo-secure-store'
import type { StorageLike } from 'passport-phonecheck/client'
import type { SecretBox } from './session.ts'

const key = 'phone-login.refresh-token'

/** The Keychain or Keystore of this device: not in backups, and not on the user's other devices. */
export const secureStore: SecretBox = {
  read: () => SecureStore.getItemAsync(key),
  write: (secret) => SecureStore.setItemAsync(key, secret, { keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY }),
  clear: () => SecureStore.deleteItemAsync(key),
}

const loginKey = 'phone-login.login'

/**
 * Keeps a login that has begun, so that an app which the system ended while the user wrote the text goes on. Holds the handle, a secret of ten minutes. Every call
 * is done when it returns: an asynchronous removal could take away what the next login has just kept.
 */
export const loginStorage: StorageLike = {
  getItem: () => SecureStore.getItem(loginKey),
  setItem: (_key, login) => SecureStore.setItem(loginKey, login, { keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY }),
  // Nothing in it is as good as no entry.
  removeItem: () => SecureStore.setItem(loginKey, ''),
}
