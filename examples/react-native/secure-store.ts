import * as SecureStore from 'expo-secure-store'
import type { StorageLike } from 'passport-phonecheck/client'
import type { SecretBox } from './session.ts'

const key = 'phone-login.refresh-token'

/** The Keychain or Keystore of this device: not in backups, and not on the user's other devices. */
export const secureStore: SecretBox = {
  read: () => SecureStore.getItemAsync(key),
  write: (secret) =>
    SecureStore.setItemAsync(key, secret, { keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY }),
  clear: () => SecureStore.deleteItemAsync(key),
}

/** The client's two entries, under names that the Keychain and the Keystore take. */
const nameOf = (key: string) => (key.endsWith(' device') ? 'phone-login.device' : 'phone-login.login')

/**
 * Keeps a login that has begun, so that an app which the system ended while the user wrote the text
 * goes on: the handle, a secret of ten minutes. And, from the first login on, what the server knows
 * this device by, so that no stranger can lock it out; signing out leaves that. Every call is done
 * when it returns: an asynchronous removal could take away what the next login has just kept.
 */
export const loginStorage: StorageLike = {
  getItem: (key) => SecureStore.getItem(nameOf(key)),
  setItem: (key, value) =>
    SecureStore.setItem(nameOf(key), value, { keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY }),
  // Nothing in it is as good as no entry.
  removeItem: (key) => SecureStore.setItem(nameOf(key), ''),
}
