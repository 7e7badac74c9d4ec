import { idenfySms, MemoryStore } from 'passport-phonecheck'
import { fakeClock } from 'passport-phonecheck/testing'
import { expect, test, vi } from 'vitest'
import { begin, flowSetup, refusal, scripted } from '../support/flow.js'

// As in a bundle that left it out.
vi.mock('undici', () => {
  throw new Error('Cannot find package undici')
})

const idenfy = () => idenfySms({ apiKey: 'k', apiSecret: 's', senderName: 'Acme', baseUrl: 'https://vendor.example' })

test('a transport that cannot be loaded has sent nothing: the next rung answers, and the operator hears why', async () => {
  const clock = fakeClock()
  const ladder = [idenfy(), scripted('next')]
  const { flow, events } = flowSetup({ clock, ladder, countries: ['US'], store: new MemoryStore({ clock }) })
  expect(await begin(flow)).toMatchObject({ method: 'next', skipped: [{ method: 'idenfy-sms' }] })
  expect(events).toContainEqual(expect.objectContaining({ type: 'provider_outage', kind: 'defect' }))
})

test('a transport that cannot be loaded keeps no strategy from closing', async () => {
  expect(await refusal(flowSetup({ ladder: [idenfy()] }).flow.close())).toBe('no error')
})
