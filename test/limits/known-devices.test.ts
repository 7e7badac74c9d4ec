import { describe, expect, test } from 'vitest'
import { Devices } from '../../src/limits/known-devices.js'
import { MemoryStore } from '../../src/stores/memory.js'
import { fakeClock } from '../../src/testing/fake-clock.js'

const secret = 'a-test-secret-of-at-least-32-bytes'
const day = 86_400_000

function setup() {
  const clock = fakeClock()
  const store = new MemoryStore({ clock })
  const on = (strategy = 'phonecheck', own = secret) => new Devices(store, clock, own, strategy)
  return { clock, store, on, devices: on() }
}

const issued = async (devices: Devices, number = 'number', id?: string) => {
  const value = await devices.issue(number, id)
  if (value === undefined) throw new Error('no device was issued')
  return value
}

const isForgotten = async ({ store, devices }: ReturnType<typeof setup>, value: string) => {
  const device = devices.recognise([value], 'number')
  if (!device) throw new Error('not recognised')
  return !(await store.count([devices.askForgotten('number', device)])).allowed
}

describe('a device', () => {
  test('is known by the number that it proved, to that strategy under that secret alone', async () => {
    const { devices, on } = setup()
    const value = await issued(devices)
    expect(devices.recognise([value], 'number')).toEqual({ id: expect.stringMatching(/^[\w-]{22}$/), generation: '' })
    expect(devices.recognise([value], 'number 2')).toBeUndefined()
    expect(on('sandbox').recognise([value], 'number')).toBeUndefined()
    expect(on('phonecheck', `${secret}!`).recognise([value], 'number')).toBeUndefined()
  })

  test('is known for 400 days and not a second longer', async () => {
    const { devices, clock } = setup()
    const value = await issued(devices)
    await clock.advance(400 * day - 1)
    expect(devices.recognise([value], 'number')).toBeDefined()
    await clock.advance(1)
    expect(devices.recognise([value], 'number')).toBeUndefined()
  })

  test('is found among others and among garbage', async () => {
    const { devices } = setup()
    const [mine, other] = [await issued(devices), await issued(devices, 'number 2')]
    const garbage = ['', 'x', 'x'.repeat(100), 'x'.repeat(401), `${mine}=`, ` ${mine}`]
    expect(devices.recognise([...garbage, other, mine], 'number')).toBeDefined()
    expect(devices.recognise([...garbage, other], 'number')).toBeUndefined()
    // Of a browser that several people use, the others' values stay.
    expect(devices.ofOthers([mine, other, '', 'x', `${other}=`], 'number')).toEqual([other])
  })

  test('keeps its id when it logs in again', async () => {
    const { devices } = setup()
    const id = devices.recognise([await issued(devices)], 'number')?.id
    expect(devices.recognise([await issued(devices, 'number', id)], 'number')?.id).toBe(id)
  })
})

describe('in a day', () => {
  test('five devices of a number become known, and those that are known stay so', async () => {
    const { devices, clock } = setup()
    for (let index = 0; index < 5; index++) expect(await devices.issue('number', undefined)).toBeDefined()
    expect(await devices.issue('number', undefined)).toBeUndefined()
    expect(await devices.issue('number', 'known')).toBeDefined()
    expect(await devices.issue('number 2', undefined)).toBeDefined()
    await clock.advance(day - 1)
    expect(await devices.issue('number', undefined)).toBeUndefined()
    await clock.advance(1)
    expect(await devices.issue('number', undefined)).toBeDefined()
  })
})

describe('devices that are forgotten', () => {
  test('are strangers, again and again, and those of later are not', async () => {
    const all = setup()
    const values: string[] = []
    for (let round = 0; round < 3; round++) {
      values.push(await issued(all.devices, 'number', `device ${round}`))
      expect(await isForgotten(all, values.at(-1) ?? '')).toBe(false)
      await all.devices.forget('number')
      for (const value of values) expect(await isForgotten(all, value)).toBe(true)
    }
    expect(await isForgotten(all, await issued(all.devices))).toBe(false)
    const generations = values.map((value) => all.devices.recognise([value], 'number')?.generation)
    expect(generations).toEqual(['', expect.stringMatching(/^[\w-]{11}$/), expect.stringMatching(/^[\w-]{11}$/)])
    expect(new Set(generations).size).toBe(3)
  })

  test('are those of that number alone', async () => {
    const all = setup()
    const value = await issued(all.devices)
    await all.devices.forget('number 2')
    expect(await isForgotten(all, value)).toBe(false)
  })

  test('are all that the number had, whatever was forgotten of other numbers before', async () => {
    const all = setup()
    const value = await issued(all.devices)
    await all.devices.forget('number 2')
    await all.devices.forget('number')
    expect(await isForgotten(all, value)).toBe(true)
  })

  test('stay strangers until each has expired, and asking costs nothing', async () => {
    const all = setup()
    const value = await issued(all.devices)
    for (let index = 0; index < 3; index++) expect(await isForgotten(all, value)).toBe(false)
    await all.devices.forget('number')
    await all.clock.advance(400 * day - 1)
    expect(await isForgotten(all, value)).toBe(true)
  })

  test('are forgotten for nine years at least: the name of their generation outlives those after', async () => {
    const all = setup()
    await all.devices.forget('number')
    const generation = all.devices.recognise([await issued(all.devices)], 'number')?.generation
    await all.clock.advance(9 * 365 * day)
    const later = all.devices.recognise([await issued(all.devices)], 'number')?.generation
    expect(later).toBe(generation)
  })
})
