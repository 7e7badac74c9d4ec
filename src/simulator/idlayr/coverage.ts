import { isIP } from 'node:net'
import { type Device, plainIp } from '../phones/phones.js'
import { withBearer } from '../server/bearer.js'
import { hal, type JsonObject, type Reply, withHeaders } from '../server/reply.js'
import type { SimRequest } from '../server/request.js'
import type { Route } from '../server/router.js'
import type { SimulatorState } from '../state/simulator-state.js'
import { networkId } from './check-resource.js'

const networkName = 'Simulated Mobile'
const products = [
  { product_id: 'PCK', product_name: 'Phone Check' },
  { product_id: 'SCK', product_name: 'Sim Check' },
  { product_id: 'SUK', product_name: 'Subscriber Check' },
]
const countries = [
  { code: 'US', dialing: 1 },
  { code: 'GB', dialing: 44 },
  { code: 'DE', dialing: 49 },
  { code: 'FR', dialing: 33 },
  { code: 'IN', dialing: 91 },
] as const

/** Reachability: asked by the device about itself, or by the server about an address or a country. */
export function coverageRoutes(state: SimulatorState): Route[] {
  const ownDevice = (request: SimRequest) => reachability(state, request.device, request.remoteAddress)
  return [
    { method: 'GET', path: '/public/coverage/v0.1/device_ip', from: 'device', handle: ownDevice },
    {
      method: 'GET',
      path: '/coverage/v0.1/device_ip',
      from: 'device',
      handle: withBearer(state, 'coverage', ownDevice),
    },
    {
      method: 'GET',
      path: '/coverage/v0.1/device_ips/:ip',
      from: 'server',
      handle: withBearer(state, 'coverage', (request) => {
        const ip = request.params['ip'] ?? ''
        return isIP(ip) === 0
          ? state.problem('bad_request')
          : reachability(state, state.phones.byIp(plainIp(ip)), plainIp(ip))
      }),
    },
    {
      method: 'GET',
      path: '/coverage/v0.1/countries/:code',
      from: 'server',
      handle: withBearer(state, 'coverage', (request) => country(state, request.params['code'] ?? '')),
    },
  ]
}

// Addresses that belong to no virtual phone count as mobile, so that a real browser can play too.
function reachability(state: SimulatorState, device: Device | undefined, ip: string): Reply {
  const body = {
    network_id: networkId,
    network_name: networkName,
    country_code: 'US',
    dialing_code: '1',
    mobile_data_ip: device?.ip ?? ip,
    products,
    _links: { self: { href: `${state.url}/coverage/v0.1/device_ips/${encodeURIComponent(device?.ip ?? ip)}` } },
  }
  return withHeaders(reachabilityProblem(state, device) ?? hal(200, body), { 'Access-Control-Allow-Origin': '*' })
}

function reachabilityProblem(state: SimulatorState, device: Device | undefined): Reply | undefined {
  if (state.sandbox || device === undefined) return undefined
  if (device.network === 'wifi') return state.problem('not_mobile_ip')
  return device.phone.operator === 'unsupported' ? state.problem('mno_not_supported') : undefined
}

function country(state: SimulatorState, wanted: string): Reply {
  const found = countries.find(
    ({ code, dialing }) => code === wanted.toUpperCase() || String(dialing) === wanted.replace(/^\+/, ''),
  )
  if (found === undefined) return state.problem('no_reach')
  const price = { currency: 'API', amount: 1 }
  const covered: JsonObject[] = products.map((product) => ({
    ...product,
    coverage: 'FULL',
    prices_starting_from: [price],
    networks: [{ network_id: networkId, network_name: networkName, network_aliases: [], prices: [price] }],
  }))
  return hal(200, {
    country_code: found.code,
    dialing_code: found.dialing,
    products: covered,
    _links: { self: { href: `${state.url}/coverage/v0.1/countries/${found.code}` } },
  })
}
