/** What an operator that speaks CAMARA needs to know you. */
export interface SimSwapOptions {
  /** https, whole. */
  tokenUrl: string
  /** What stands before `/sim-swap/v2`. */
  apiRoot: string
  clientId: string
  clientSecret: string
}

/** Whether the SIM of a number was swapped in the last so many hours; undefined when the operator does not say. */
export type SimSwapped = (phoneNumber: string, hours: number) => Promise<boolean | undefined>

/** CAMARA SIM Swap 2.1: a signal of risk, and no proof of anything. */
export function simSwap({ tokenUrl, apiRoot, clientId, clientSecret }: SimSwapOptions): SimSwapped {
  const post = async (url: string, headers: Record<string, string>, body: string): Promise<Record<string, unknown>> => {
    // Shorter than what a login may take: beforeSend has 3 s, a verify callback about 20.
    const signal = AbortSignal.timeout(1_200)
    const answer = await fetch(url, { method: 'POST', redirect: 'error', signal, headers, body })
    if (!answer.ok) throw new Error(`SIM Swap answered ${answer.status}`)
    return answer.json()
  }
  return async (phoneNumber, hours) => {
    try {
      // A production app keeps the token for as long as it lives.
      const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString(
        'base64',
      )
      const { access_token: token } = await post(
        tokenUrl,
        { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
        'grant_type=client_credentials&scope=sim-swap:check',
      )
      const { swapped } = await post(
        `${apiRoot}/sim-swap/v2/check`,
        { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        JSON.stringify({ phoneNumber, maxAge: hours }),
      )
      return typeof swapped === 'boolean' ? swapped : undefined
    } catch {
      return undefined
    }
  }
}
