import { brought, post, register } from './mobile.js'
import { begun, patiently, type Stage, said, sdkOf } from './stage.js'

export interface Step {
  title: string
  expected: string
  take(stage: Stage): Promise<string>
}

const numbers = { mine: '+12025550144', theirs: '+12025550122' }

/** The tutorial from its first step to its last, and then everything that its server let happen. */
export const steps: readonly Step[] = [
  {
    title: 'the phone is asked whether its operator can do it, as before',
    expected: '200 Phone Check',
    async take({ sim }) {
      const answer = await sdkOf(sim.phone(numbers.mine)).openWithDataCellular(
        `${sim.url}/public/coverage/v0.1/device_ip`,
      )
      const { products } = answer.response_body as { products: { product_name: string }[] }
      return `${answer.http_status} ${products[0]?.product_name}`
    },
  },
  {
    title: 'register, open the URL, exchange the code: a user',
    expected: '200 tokens, 200 id',
    async take({ api, sim }) {
      const exchanged = await register(api, sdkOf(sim.phone(numbers.mine)), numbers.mine)
      const headers = { Authorization: `Bearer ${exchanged.body['access_token']}` }
      const me = await fetch(`${api}/api/me`, { headers })
      return `${said(exchanged)}, ${said({ status: me.status, body: (await me.json()) as Record<string, unknown> })}`
    },
  },
  {
    title: 'another SIM in the phone',
    expected: '401 mismatch',
    async take({ api, sim }) {
      const phone = sim.phone('+12025550133')
      phone.sim = numbers.mine
      return said(await register(api, sdkOf(phone), phone.number))
    },
  },
  {
    title: 'Wi-Fi alone, where the tutorial ends: the user sends a text instead',
    expected: '422 rung_unable, 201 mocheck, 200 tokens',
    async take({ api, sim }) {
      const phone = sim.phone('+12025550155')
      phone.mobileData = false
      const { body } = await post(`${api}/api/register`, { phone_number: phone.number })
      const { flow, challenge } = body as { flow: string; challenge: { url: string } }
      const opened = await sdkOf(phone).openWithDataCellular(challenge.url)
      const silent = await post(`${api}/api/exchange-code`, { flow, ...brought(opened) })
      const next = await post(`${api}/api/fallback`, { flow })
      const text = next.body['challenge'] as { to: string; body: string }
      await phone.send(text.to, text.body)
      return `${said(silent)}, ${next.status} ${next.body['method']}, ${said(await patiently(() => post(`${api}/api/exchange-code`, { flow })))}`
    },
  },
  {
    title: 'an app that was not updated: check id and code, and no flow',
    expected: '400 invalid_request',
    async take(stage) {
      const { check_id, code } = await begun(stage, numbers.theirs)
      return said(await post(`${stage.api}/api/exchange-code`, { check_id, code, reference_id: null }))
    },
  },
  {
    title: "somebody else's check id and code in a login of one's own",
    expected: '401 flow_invalid',
    async take(stage) {
      const theirs = await begun(stage, numbers.theirs)
      const mine = await begun(stage, numbers.mine)
      return said(await post(`${stage.api}/api/exchange-code`, { ...theirs, flow: mine.flow, id: undefined }))
    },
  },
  {
    title: 'the public id of a login in place of its flow',
    expected: '401 flow_invalid',
    async take(stage) {
      const { id, code } = await begun(stage, numbers.theirs)
      return said(await post(`${stage.api}/api/exchange-code`, { flow: id, code }))
    },
  },
  {
    title: 'a code that was used',
    expected: '200 tokens, 401 flow_invalid',
    async take(stage) {
      const { flow, code } = await begun(stage, numbers.mine)
      const exchange = () => post(`${stage.api}/api/exchange-code`, { flow, code })
      return `${said(await exchange())}, ${said(await exchange())}`
    },
  },
  {
    title: "an address of the client's own to send the code to",
    expected: '400 invalid_request',
    take: async ({ api }) =>
      said(
        await post(`${api}/api/register`, { phone_number: numbers.theirs, redirect_url: 'https://elsewhere.example' }),
      ),
  },
  {
    title: 'a code by GET, and a check that is polled by its id',
    expected: '404, 404',
    async take(stage) {
      const { check_id, code } = await begun(stage, numbers.theirs)
      const get = async (query: string) => (await fetch(`${stage.api}/api/exchange-code?${query}`)).status
      return `${await get(`check_id=${check_id}&code=${code}`)}, ${await get(`check_id=${check_id}`)}`
    },
  },
  {
    title: 'a page of another origin that got hold of a flow',
    expected: '403 cross_site',
    async take(stage) {
      const { flow, code } = await begun(stage, numbers.theirs)
      return said(await post(`${stage.api}/api/exchange-code`, { flow, code }, { Origin: 'https://elsewhere.example' }))
    },
  },
]
