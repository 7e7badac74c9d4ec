import * as SecureStore from 'expo-secure-store'
import type { SecretBox } from './session.ts'

const key = 'phone-login.refresh-token'

/** The Keychain or Keystore of this device: not in backups, and not on the user's other devices. */
export const secureStore: SecretBox = {
  read: () => SecureStore.getItemAsync(key),
  write: (secret) => SecureStore.setItemAsync(key, secret, { keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY }),
  clear: () => SecureStore.deleteItemAsync(key),
}
