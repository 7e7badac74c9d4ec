import { randomUUID } from 'node:crypto'
import type { CallContext } from '../../contracts/provider.js'
import { systemClock } from '../../lib/clock.js'
import type { PhoneCheckError } from '../../lib/errors.js'
import { checkOptions, optionError } from '../../lib/options.js'
import { type HttpClient, httpClient, type VendorResponse } from '../http/client.js'
import { vendorUrl } from '../http/origin.js'
import { type Attempt, type CallKind, withRepeats } from '../http/retry.js'
import { type FaultFacts, vendorFault } from '../http/vendor-fault.js'
import { checkCommon, required } from '../options.js'
import { type Authenticate, type CamaraClientAuth, clientAuthentication } from './client-auth.js'
import { type CamaraOptions, camaraRules } from './options.js'

export interface CamaraApi {
  readonly clientId: string
  readonly tokenUrl: string
  /** Asks the token endpoint. @param kind says what may be repeated, as {@link withRepeats} has it */
  token(form: Record<string, string>, kind: CallKind, context: Pick<CallContext, 'deadline'>): Promise<Attempt>
  /** Calls the API with a token. Repeated only when it was never sent. @param path after the API's version */
  post(path: string, token: string, body: object, timeoutMs: number, context: CallContext): Promise<Attempt>
  /**
   * Prepares calls to another endpoint, whose URL is an option of its own: JSON there and back.
   * @throws TypeError that names the option and the cure
   */
  json(factory: string, option: string, url: string | undefined): JsonCall
  /**
   * Tells the operator of an answer that is no verdict, and makes the outage of it, to be thrown or dropped.
   * @param untried that nothing was done, where that is known
   */
  fault(operation: string, answer: Attempt, context: Pick<CallContext, 'emit'>, untried?: true): PhoneCheckError
  close(): Promise<void>
}

export type JsonCall = (body: object, timeoutMs: number, context: Pick<CallContext, 'deadline'>) => Promise<Attempt>

interface CamaraApiSettings {
  name: string
  /** Name and version in the API's path. */
  api: string
  version: string
  timeoutsMs: { token: number }
  /** Where the grant itself proves who asks. */
  clientAuth?: 'optional'
}

/**
 * @throws TypeError that names the option and the cure
 */
export function camaraApi(
  factory: string,
  options: Omit<CamaraOptions, 'clientAuth'> & { clientAuth?: CamaraClientAuth },
  names: readonly string[],
  { name, api, version, timeoutsMs, ...settings }: CamaraApiSettings,
): CamaraApi {
  checkCommon(factory, options, names)
  // False means "none" there, and is what it is without.
  checkOptions(
    factory,
    Reflect.get(options, 'loginHint') === false ? { ...options, loginHint: undefined } : options,
    camaraRules,
  )
  const { clock = systemClock, headers = {} } = options
  const clientId = required(factory, 'clientId', options.clientId)
  const tokenUrl = vendorUrl(factory, 'tokenUrl', options.tokenUrl, 'https://operator.example/token')
  const root = vendorUrl(factory, 'apiRoot', options.apiRoot, 'https://operator.example/camara')
  if (tokenUrl.search) throw optionError(factory, 'tokenUrl', 'must be a URL without query')
  if (root.search) throw optionError(factory, 'apiRoot', 'must be a URL without query')
  const { clientAuth } = options
  const byGrant = settings.clientAuth === 'optional' && clientAuth === undefined
  const authenticate: Authenticate = byGrant
    ? () => ({})
    : clientAuthentication(factory, clientAuth, { clientId, tokenUrl: tokenUrl.href, clock })
  const basePath = `${root.pathname.replace(/\/$/, '')}/${api}/${options.apiVersion ?? version}`
  const tokenHttp = httpClient(tokenUrl.origin, clock, options.fetch)
  const apiHttp = root.origin === tokenUrl.origin ? tokenHttp : httpClient(root.origin, clock, options.fetch)

  const others: HttpClient[] = []

  return {
    clientId,
    tokenUrl: tokenUrl.href,
    token: (form, kind, { deadline }) =>
      withRepeats(kind, { clock, deadline }, async () => {
        const proof = authenticate()
        return tokenHttp.request({
          method: 'POST',
          path: tokenUrl.pathname,
          headers: {
            ...headers,
            ...(proof.authorization !== undefined && { authorization: proof.authorization }),
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
          },
          body: new URLSearchParams({ ...form, ...proof.form }).toString(),
          timeoutMs: timeoutsMs.token,
          deadline,
        })
      }),
    post: (path, token, body, timeoutMs, { deadline }) =>
      withRepeats('send', { clock, deadline }, () =>
        apiHttp.request({
          method: 'POST',
          path: basePath + path,
          headers: {
            ...headers,
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            accept: 'application/json',
            'x-correlator': randomUUID(),
          },
          body: JSON.stringify(body),
          timeoutMs,
          deadline,
        }),
      ),
    json(factory, option, text) {
      const url = vendorUrl(factory, option, text, 'https://aggregator.example/openid4vp/credentials')
      if (url.search) throw optionError(factory, option, 'must be a URL without query')
      const http = url.origin === tokenUrl.origin ? tokenHttp : httpClient(url.origin, clock, options.fetch)
      if (http !== tokenHttp) others.push(http)
      return (body, timeoutMs, { deadline }) =>
        withRepeats('create', { clock, deadline }, () =>
          http.request({
            method: 'POST',
            path: url.pathname,
            headers: {
              ...headers,
              'content-type': 'application/json',
              accept: 'application/json',
              'x-correlator': randomUUID(),
            },
            body: JSON.stringify(body),
            timeoutMs,
            deadline,
          }),
        )
    },
    fault: (operation, answer, context, untried) =>
      vendorFault(
        answer,
        {
          method: name,
          operation,
          options: operation === 'credentials' ? '`credentialsUrl`' : '`tokenUrl` and `apiRoot`',
          untried,
        },
        faultFacts,
        context,
      ),
    close: async () => {
      await Promise.all([tokenHttp, apiHttp, ...others].map((http) => http.close()))
    },
  }
}

function faultFacts(answer: VendorResponse): FaultFacts {
  const { status } = answer
  const ours = status >= 400 && status < 500 && status !== 429
  return { ours, quota: status === 429, untried: ours || status === 429, error: wordOf(answer), cure }
}

const cure =
  'check `clientId`, `clientAuth`, `scope`, the URLs and `apiVersion`, and what your contract with the operator allows'

/** OAuth's `error`, or the `code` of CAMARA's ErrorInfo without its API's name. */
export function wordOf({ body }: VendorResponse): string | undefined {
  const word = body?.['error'] ?? body?.['code']
  return typeof word === 'string' ? word.slice(word.indexOf('.') + 1) : undefined
}
