import { MemoryStore } from '../../../src/stores/memory.js'

// Run as a process of its own: it must end although a record lives for another ten minutes.
const store = new MemoryStore()
await store.insert('key', 'a record', 600)
await store.count([{ key: 'key', limit: 1, windowSeconds: 600, maxWindowSeconds: 2_592_000 }])
if (await store.find('key')) console.log('a record lives')
