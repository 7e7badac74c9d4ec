import { expect, test } from 'vitest'
import { addressBlock, isLoopback, publicAddress } from '../../src/lib/ip-address.js'

test.each([
  [
    'one address in five spellings',
    ['::ffff:198.51.100.7', '::FFFF:198.51.100.7', '::ffff:c633:6407', '198.51.100.7', '0:0:0:0:0:ffff:198.51.100.7'],
    1,
  ],
  ['an IPv6 /64', ['2001:db8:1:2::1', '2001:DB8:1:2:ffff::', '2001:db8:1:2:0:0:0:9%eth0'], 1],
  ['two /64', ['2001:db8:1:2::1', '2001:db8:1:3::1'], 2],
  ['two mapped IPv4 addresses', ['::ffff:1.2.3.4', '::ffff:5.6.7.8'], 2],
  ['everything unknown', [undefined, '', 'unknown', 'x, y', '1.2.3.4, 5.6.7.8'], 1],
])('%s count as they should', (_name, spellings, places) => {
  expect(new Set(spellings.map(addressBlock)).size).toBe(places)
})

test('1,000 addresses of one /64 are one place', () => {
  const blocks = Array.from({ length: 1_000 }, (_, index) => addressBlock(`2001:db8:1:2:${index.toString(16)}::1`))
  expect(new Set(blocks).size).toBe(1)
})

test.each([
  ['8.8.8.8', '8.8.8.8'],
  ['::ffff:8.8.8.8', '8.8.8.8'],
  ['10.0.0.1', undefined],
  ['169.254.1.1', undefined],
  ['100.64.1.1', undefined],
  ['fd00::1', undefined],
  ['fe80::1', undefined],
  ['2001:db8::1', undefined],
  ['', undefined],
])('%s is public as %s', (text, expected) => {
  expect(publicAddress(text)).toBe(expected)
})

test.each([
  ['127.0.0.1', true],
  ['[::1]', true],
  ['localhost', true],
  ['127.evil.example', false],
  ['10.0.0.1', false],
])('%s on this machine: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})
