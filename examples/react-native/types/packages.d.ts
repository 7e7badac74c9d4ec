/** In truth its default export; imported as one, a module without such an export is what stands for it. */
declare module '@tru_id/tru-sdk-react-native' {
  export function openWithDataCellular<T>(url: string): Promise<T>
}

declare module 'expo-secure-store' {
  export const AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number
  export function getItemAsync(key: string): Promise<string | null>
  export function setItemAsync(key: string, value: string, options?: { keychainAccessible?: number }): Promise<void>
  export function getItem(key: string): string | null
  export function setItem(key: string, value: string, options?: { keychainAccessible?: number }): void
  export function deleteItemAsync(key: string): Promise<void>
}
