export { type FakeClock, fakeClock } from './fake-clock.js'
export { type StoreCase, type StoreCaseLevel, type StoreSubject, storeContract } from './store-contract.js'
