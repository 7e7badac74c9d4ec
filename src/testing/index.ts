export { type FakeClock, fakeClock } from './fake-clock.js'
export { type FakeVendor, type FakeVendorOptions, fakeVendor } from './fake-vendor.js'
export {
  type LoggedIn,
  type LoginAsOptions,
  type LoginTarget,
  loginAs,
  type PlaywrightRequests,
  type SupertestAgent,
} from './login-as.js'
export { type ProviderCase, type ProviderSubject, providerContract, type VendorCall } from './provider-contract.js'
export { type StoreCase, type StoreCaseLevel, type StoreSubject, storeContract } from './store-contract.js'
