import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: 'passport-phonecheck/client', replacement: source('client/index.ts') },
      { find: 'passport-phonecheck/stores/redis', replacement: source('stores/redis.ts') },
      { find: 'passport-phonecheck/stores/postgres', replacement: source('stores/postgres.ts') },
      { find: 'passport-phonecheck/simulator', replacement: source('simulator/index.ts') },
      { find: 'passport-phonecheck/testing', replacement: source('testing/index.ts') },
      { find: /^passport-phonecheck$/, replacement: source('index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 15_000,
    hookTimeout: 30_000,
    // Much of what is tested waits: for leases, servers and browsers.
    maxWorkers: '100%',
  },
})
