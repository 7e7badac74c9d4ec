import { ok, strictEqual } from 'node:assert'
import { atOnce, type Promised } from './bench.js'
import { found, missing } from './expect.js'

export const replacePromises: readonly Promised[] = [
  {
    name: 'replace with the present version keeps the new record, one version up',
    level: 'required',
    why: 'A step of a login that is reported as written and is not can be taken twice.',
    async check({ store, key }) {
      const name = key()
      await store.insert(name, 'record 1', 60)
      for (let version = 1; version <= 6; version++) {
        strictEqual(
          await store.replace(name, version, `record ${version + 1}`),
          true,
          'replace with the present version returns true',
        )
        await found(store, name, `record ${version + 1}`, version + 1)
      }
    },
  },
  {
    name: 'replace with any other version returns false and changes nothing',
    level: 'required',
    why: 'A request whose lease ran out would overwrite the result of the one that took over.',
    async check({ store, key }) {
      const name = key()
      await store.insert(name, 'first', 60)
      await store.replace(name, 1, 'second')
      for (const version of [1, 3, 0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
        strictEqual(await store.replace(name, version, 'wrong'), false, `the version is 2, not ${version}`)
        await found(store, name, 'second', 2)
      }
    },
  },
  {
    name: 'replace of a missing record returns false and creates none',
    level: 'required',
    why: 'A login that is over would come to life again.',
    async check({ store, key }) {
      const name = key()
      for (const version of [0, 1]) strictEqual(await store.replace(name, version, 'a record'), false)
      await missing(store, name)
    },
  },
  {
    name: 'of 50 replaces of one version at once, exactly one returns true',
    level: 'required',
    why: 'This is the only race gate: two winners are two logins for one proof, or two charges for one message.',
    async check({ store, key }) {
      const name = key()
      await store.insert(name, 'record', 60)
      for (let version = 1; version <= 3; version++) {
        const won = await atOnce(50, (index) => store.replace(name, version, `${version}, by ${index}`))
        const winners = won.flatMap((yes, index) => (yes ? [index] : []))
        strictEqual(winners.length, 1, `${winners.length} of 50 replaces returned true`)
        await found(store, name, `${version}, by ${winners[0]}`, version + 1)
      }
    },
  },
  {
    name: 'of 10 writers who read, add one and try again, no addition is lost',
    level: 'required',
    why: 'A guess that is not counted can be made again.',
    async check({ store, key }) {
      const name = key()
      await store.insert(name, '0', 60)
      await atOnce(10, async () => {
        for (let tries = 0; tries < 200; tries++) {
          const stored = await store.find(name)
          ok(stored, 'the record must be found')
          if (await store.replace(name, stored.version, String(Number(stored.record) + 1))) return
        }
        throw new Error('a writer lost 200 times in a row')
      })
      await found(store, name, '10', 11)
    },
  },
  {
    name: 'replace leaves the time to live as it was',
    level: 'required',
    why: 'A login that is kept alive by its own attempts never ends.',
    async check({ store, key, pass }) {
      const name = key()
      await store.insert(name, 'first', 2)
      await pass(1200)
      strictEqual(await store.replace(name, 1, 'second'), true)
      await pass(800)
      await missing(store, name, 'the record must end 2 seconds after insert')
    },
  },
  {
    name: 'replace does not shorten the time to live',
    level: 'recommended',
    why: 'Users would be sent back to the start in the middle of a login.',
    async check({ store, key, pass }) {
      const name = key()
      await store.insert(name, 'first', 30)
      strictEqual(await store.replace(name, 1, 'second'), true)
      await pass(2000)
      await found(store, name, 'second', 2)
    },
  },
  {
    name: 'replace leaves the age as it was',
    level: 'required',
    why: 'Leases, cooldowns and the time to live of a proof are measured by age; set back, they never run out.',
    async check({ store, key, pass }) {
      const name = key()
      await store.insert(name, 'first', 60)
      await pass(1500)
      await store.replace(name, 1, 'second')
      const { ageMs } = await found(store, name, 'second', 2)
      ok(ageMs >= 1450, `1,500 ms after insert the age is ${ageMs} ms`)
    },
  },
]
