import type { PhoneLoginOptions } from 'passport-phonecheck/client'

/** Fetches the token of a challenge `get_token` from the phone's system. */
export type TokenFetcher = NonNullable<PhoneLoginOptions['token']>

/** The native module. Its Kotlin half is in docs/guides/native-app.md; iOS has nothing of the kind. */
export interface SystemTokenModule {
  /**
   * A token of Firebase PNV with that nonce in it. Rejects with PNV's own code, or the class name of
   * the exception, as `code`.
   */
  firebasePnv(nonce: string): Promise<string>
}

/** @returns undefined without a module: the login then passes over ways that need a token */
export function viaSystem(module: SystemTokenModule | null | undefined): TokenFetcher | undefined {
  if (!module) return undefined
  return async ({ kind, request }) => {
    const { nonce }: { nonce?: unknown } = Object(request)
    if (kind === 'firebase_pnv' && typeof nonce === 'string') return module.firebasePnv(nonce)
    throw Object.assign(new Error(`no module for ${kind}`), { code: 'NotSupportedError' })
  }
}
