import type { CamaraNumberVerificationOptions } from './options.js'

type Preset = Readonly<Pick<CamaraNumberVerificationOptions, 'vendor' | 'scope' | 'apiVersion'>>

/**
 * What deviates from CAMARA at some operators, to be spread into the options before your own:
 * `camaraNumberVerification({ ...camaraPresets.orange, … })`. Read in public documents and samples in
 * 2026 and tried against none of them: hold them against what your contract says. URLs and
 * credentials come with the contract.
 */
export const camaraPresets = {
  /**
   * Telefónica Open Gateway. From the public sandbox's documents: HTTP Basic, one scope with a `#`,
   * API `v0`. Medium sure for the sandbox; production may follow CAMARA already. Its samples put the
   * number into `state`; nothing requires it.
   */
  telefonicaOpenGateway: {
    vendor: 'telefonica',
    scope: 'dpv:FraudPreventionAndDetection#number-verification-verify-read',
    apiVersion: 'v0',
  },
  /**
   * Nokia Network as Code. From its SDK: HTTP Basic at the token endpoint with credentials that its
   * API hands out, `v0`, and RapidAPI's headers (`headers`). Little sure: the SDK lets Nokia exchange
   * the code; whether an application may do so with PKCE is not documented.
   */
  nokiaNetworkAsCode: { vendor: 'nokia', apiVersion: 'v0' },
  /**
   * Orange. From the playground's documents: Basic or `private_key_jwt`; only its mock needs a
   * login_hint. Medium sure for the playground. France documents a scope with a `#`, Spain another host.
   */
  orange: { vendor: 'orange' },
} as const satisfies Readonly<Record<string, Preset>>
