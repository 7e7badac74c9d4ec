import type { OpenResult, Signal } from 'passport-phonecheck/client'

/**
 * Opens a URL over mobile data, on Wi-Fi too, and resolves with what came back. The one thing that
 * JavaScript cannot do on a phone.
 */
export type Opener = (url: string) => Promise<OpenResult>

/** The part of the vendor's SDK that is used. */
export interface MobileDataSdk {
  openWithDataCellular<T>(url: string): Promise<T>
}

export function viaSdk(sdk: MobileDataSdk): Opener {
  return (url) => sdk.openWithDataCellular<OpenResult>(url)
}

/** What the SDK says of the last answer, where there was one. */
interface Answer {
  readonly type?: unknown
  readonly error?: unknown
  readonly products?: unknown
}

/**
 * Asks the vendor whether this phone can be recognised before the check URL is opened, and if it
 * cannot, reports that in its place: the login then goes to its next way at once, without the
 * seconds that a check takes to fail.
 * @param onObstacle hears why the silent way will not work, or did not
 */
export function reachableFirst(
  open: Opener,
  onObstacle: (reason: string) => void,
): (checkUrl: string, context: { signal: Signal }) => Promise<OpenResult> {
  return async (checkUrl, { signal }) => {
    const missing = unreachable(await open(reachabilityUrl(checkUrl)).catch(() => ({})))
    // The user has left: nobody waits for the result, and another login may have begun.
    if (signal.aborted) return {}
    const result = missing ? { error: missing, error_description: 'not reachable' } : await open(checkUrl)
    const reason = failure(result)
    if (reason && !signal.aborted) onObstacle(reason)
    return result
  }
}

/**
 * The vendor's public endpoint, at the origin that the check URL has anyway. It needs no token;
 * where it is gone, the check itself decides. The one beside it (`/coverage/…`) takes a token of
 * the vendor with the scope `coverage` alone, and a token that can do more must never reach a
 * phone.
 */
function reachabilityUrl(checkUrl: string): string {
  // Not URL: React Native's own is incomplete.
  return `${/^https?:\/\/[^/?#]+/i.exec(checkUrl)?.[0] ?? ''}/public/coverage/v0.1/device_ip`
}

/** Why the silent way cannot work. Only a clear no counts: when the question fails, the check may still succeed. */
function unreachable(result: OpenResult): string | undefined {
  if (result.error === 'sdk_no_data_connectivity') return result.error
  switch (Number(result.http_status)) {
    case 412:
      return 'not_mobile_ip'
    case 400:
      return 'mno_not_supported'
    case 200:
      return offersPhoneCheck(bodyOf(result).products) ? undefined : 'mno_not_supported'
    default:
      return undefined
  }
}

/** Whether the operator is in the vendor's PhoneCheck. An answer without a list says nothing about it. */
function offersPhoneCheck(products: unknown): boolean {
  if (!Array.isArray(products)) return true
  return products.some(
    (product: { product_id?: unknown } | null) => String(product?.product_id).toUpperCase() === 'PCK',
  )
}

/**
 * The error in what came back from the check URL: the SDK's own, the operator's, or the fragment of
 * a problem's type.
 */
function failure(result: OpenResult): string | undefined {
  const { error, type } = bodyOf(result)
  const found = result.error ?? error ?? String(type ?? '').split('#')[1]
  return found ? String(found) : undefined
}

function bodyOf({ response_body }: OpenResult): Answer {
  return Object(response_body)
}
