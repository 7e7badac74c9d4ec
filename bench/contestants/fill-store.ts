import { randomBytes } from 'node:crypto'
import type { Store } from 'passport-phonecheck'
import { lonePhone } from '../scale/lone-phone.js'

const ttlSeconds = 600

/**
 * Puts pending flows of strangers into a store: records of the length and shape that `start`
 * writes, without a vendor call for each.
 */
export async function fillStore(store: Store, flows: number): Promise<void> {
  if (flows === 0) return
  const template = JSON.parse(await sampleRecord())
  const fields = ['owner', 'number', 'check', 'sealed'].map((name) => ({
    name,
    length: template[name].length as number,
  }))
  const bytes = fields.reduce((sum, { length }) => sum + length, 0)
  for (let made = 0; made < flows; made++) {
    const random = randomBytes(32 + bytes)
    const record = { ...template }
    let used = 32
    for (const { name, length } of fields) {
      record[name] = random.toString('base64url', used, used + length).slice(0, length)
      used += length
    }
    await store.insert(random.toString('hex', 0, 32), JSON.stringify(record), ttlSeconds)
  }
}

/** What the store holds of one login that waits for its device. */
async function sampleRecord(): Promise<string> {
  const phone = lonePhone()
  await phone.start('+12025550100')
  return phone.lastRecord()
}
