import { afterEach, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/index.js'
import { number, setUp } from '../support/simulator/simulator.js'

let sim: Simulator
const start = async () => {
  const world = await setUp()
  sim = world.sim
  await world.app.authorize('coverage')
  return { ...world, phone: sim.phone(number) }
}
afterEach(() => sim.close())

it('tells a device about itself', async () => {
  const { phone } = await start()
  const url = `${sim.url}/public/coverage/v0.1/device_ip`
  expect(await phone.browse(url)).toMatchObject({
    status: 200,
    body: {
      network_id: '00101',
      country_code: 'US',
      dialing_code: '1',
      mobile_data_ip: phone.ip,
      products: expect.arrayContaining([{ product_id: 'PCK', product_name: 'Phone Check' }]),
    },
  })
  phone.mobileData = false
  expect((await phone.browse(url)).status).toBe(412)
  phone.mobileData = true
  phone.operator = 'unsupported'
  expect((await phone.browse(url)).status).toBe(400)
})

it('tells a server about an address', async () => {
  const { app, phone } = await start()
  const path = '/coverage/v0.1/device_ips/'
  const known = await app.call('GET', path + phone.ip)
  expect([known.status, known.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
  expect((await app.call('GET', path + phone.wifiIp)).body['type']).toMatch(/#not_mobile_ip$/)
  expect((await app.call('GET', `${path}${encodeURIComponent('2001:4860::1')}`)).body['mobile_data_ip']).toBe(
    '2001:4860::1',
  )
  expect((await app.call('GET', `${path}nonsense`)).status).toBe(400)
})

it('asks for the coverage scope', async () => {
  const { app } = await start()
  expect((await app.call('GET', '/coverage/v0.1/device_ip')).status).toBe(200)
  await app.authorize('phone_check')
  expect((await app.call('GET', '/coverage/v0.1/device_ip')).status).toBe(403)
  expect((await app.call('GET', '/coverage/v0.1/countries/US')).status).toBe(403)
})

it('knows a few countries', async () => {
  const { app } = await start()
  for (const code of ['GB', 'gb', '44']) {
    expect((await app.call('GET', `/coverage/v0.1/countries/${code}`)).body).toMatchObject({
      country_code: 'GB',
      dialing_code: 44,
      products: expect.arrayContaining([expect.objectContaining({ product_id: 'PCK', coverage: 'FULL' })]),
    })
  }
  expect(await app.call('GET', '/coverage/v0.1/countries/ZZ')).toMatchObject({
    status: 404,
    body: { detail: 'No Reach' },
  })
})
