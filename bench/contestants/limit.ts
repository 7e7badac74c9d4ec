import { createHmac, createSecretKey } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { userOf } from '../users.js'
import { type Contestant, type Running, type Setting, secret } from './contestant.js'
import { FlowsInMap, isNumber } from './flows-in-map.js'
import { readJson, send } from './plain-http.js'
import { isMatch, poolClient } from './pool-client.js'

const head = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')

/** The floor: the same protocol with nothing around it. No framework, no middleware, no limits, no seal, no lease. */
export const limit: Contestant = {
  name: 'limit',
  face: 'token',
  pace: 4,
  what: 'bare node:http, undici Pool.request, a Map, HS256 by node:crypto',
  run: async ({ vendorUrl }: Setting): Promise<Running> => {
    const vendor = poolClient(vendorUrl)
    const flows = new FlowsInMap()
    const key = createSecretKey(Buffer.from(secret))

    async function start(res: ServerResponse, { phone_number: number }: { phone_number?: unknown }) {
      if (!isNumber(number)) return send(res, 400, { code: 'invalid_phone_number' })
      const { status, body } = await vendor.create(number)
      if (status !== 201) return send(res, 503, { code: 'provider_unavailable' })
      send(res, 201, {
        flow: flows.begin(number, body.check_id),
        challenge: { type: 'open_url', url: body._links.check_url.href },
      })
    }

    async function verify(res: ServerResponse, { flow: handle, code }: { flow?: unknown; code?: unknown }) {
      const flow = flows.take(handle)
      if (!flow || typeof code !== 'string') return send(res, 401, { code: 'flow_invalid' })
      const answer = await vendor.redeem(flow.checkId, code)
      if (!isMatch(answer, flow.checkId)) return send(res, 401, { code: 'mismatch' })
      const seconds = Math.floor(Date.now() / 1000)
      const claims = { sub: userOf(flow.number), iat: seconds, exp: seconds + 900 }
      const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
      send(res, 200, { access_token: `${signed}.${sign(signed)}`, token_type: 'Bearer', expires_in: 900 })
    }

    function sign(text: string): string {
      return createHmac('sha256', key).update(text).digest('base64url')
    }

    function me(res: ServerResponse, authorization = '') {
      const [header, payload = '', signature] = authorization.slice('Bearer '.length).split('.')
      if (sign(`${header}.${payload}`) !== signature) return send(res, 401, {})
      send(res, 200, { id: JSON.parse(Buffer.from(payload, 'base64url').toString()).sub })
    }

    return {
      listener: (req, res) => {
        if (req.method === 'GET') return me(res, req.headers.authorization)
        readJson(req)
          .then((input) => (req.url === '/login/phone' ? start(res, input) : verify(res, input)))
          .catch(() => send(res, 500, {}))
      },
      close: vendor.close,
    }
  },
}
