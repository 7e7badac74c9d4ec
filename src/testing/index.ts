export { type FakeClock, fakeClock } from './fake-clock.js'
export { type ProviderCase, type ProviderSubject, providerContract, type VendorCall } from './provider-contract.js'
export { type StoreCase, type StoreCaseLevel, type StoreSubject, storeContract } from './store-contract.js'
