import { findCycle, type Import, readImports } from './imports.js'
import type { Sources } from './sources.js'

export interface Layer {
  /** Folders and files of ours that it may import, values and types alike. */
  readonly uses: readonly string[]
  /** Modules of Node; a star for any. */
  readonly node: readonly string[]
}

const ground = ['contracts/', 'lib/']

/** What the main entry is made of. The client, the simulator and the tests of stores have entries of their own. */
const main = ['stores/', 'limits/', 'flow/', 'tokens/', 'providers/', 'login/', 'express/', 'passport/']

/** The layers, the lowest first, as docs/architecture.md draws them: imports point down, of types as of values. */
export const layers: Readonly<Record<string, Layer>> = {
  contracts: { uses: ['contracts/'], node: [] },
  lib: { uses: ground, node: ['node:crypto', 'node:diagnostics_channel'] },
  stores: { uses: [...ground, 'stores/'], node: ['*'] },
  limits: { uses: [...ground, 'limits/'], node: ['node:crypto'] },
  flow: { uses: [...ground, 'limits/', 'flow/'], node: ['node:crypto'] },
  tokens: { uses: [...ground, 'limits/', 'stores/guard.ts', 'tokens/'], node: ['node:crypto'] },
  providers: { uses: [...ground, 'providers/'], node: ['*'] },
  login: { uses: [...ground, 'limits/', 'flow/', 'stores/guard.ts', 'login/'], node: ['node:crypto'] },
  express: { uses: [...ground, 'limits/', 'flow/', 'tokens/', 'login/', 'express/'], node: ['*'] },
  passport: { uses: [...ground, 'limits/', 'flow/', 'tokens/', 'login/', 'express/', 'passport/'], node: ['*'] },
  otel: { uses: ['contracts/', 'otel/'], node: ['node:async_hooks', 'node:diagnostics_channel'] },
  client: { uses: ['client/'], node: [] },
  react: { uses: ['client/', 'react/'], node: [] },
  // Shares nothing with the providers, so that the two can contradict each other.
  simulator: { uses: ['simulator/'], node: ['*'] },
  testing: { uses: [...ground, 'testing/'], node: ['*'] },
  'cli.ts': { uses: ['contracts/', 'simulator/'], node: ['node:path', 'node:url', 'node:util'] },
  'index.ts': { uses: [...ground, ...main], node: [] },
}

/** Who may import a package. One that is not here may be imported by nobody, not even for its types. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'libphonenumber-js': ['lib/phone-number.ts'],
  'ipaddr.js': ['lib/ip-address.ts'],
  undici: ['providers/http/connections.ts'],
  cookie: ['express/'],
  react: ['react/'],
  'passport-custom': ['passport/'],
  jose: ['providers/firebase/'],
  jsonwebtoken: ['tokens/access-token.ts', 'passport/bearer.ts', 'providers/camara/client-auth.ts'],
}

/** Whatever breaks the rules, one sentence each. */
export function importViolations(sources: Sources): string[] {
  const imports = readImports(sources)
  const cycle = findCycle(imports)
  return [
    ...imports.flatMap((found) => complaint(found, sources) ?? []),
    ...(cycle ? [`cycle: ${cycle.join(' -> ')}`] : []),
  ]
}

function complaint({ at, from, specifier, file }: Import, sources: Sources): string | undefined {
  const place = inSrc(from)
  const layer = layers[layerOf(place)]
  if (!layer) return `${at}: no rule for ${place}; say in import-rules.ts what it may import`
  // The command loads the module that its user names.
  if (specifier === '(computed)' && place === 'cli.ts') return undefined
  if (specifier === '(computed)') return `${at}: a computed import cannot be judged`
  if (specifier.startsWith('node:'))
    return allowed(specifier, layer.node) ? undefined : `${at}: ${layerOf(place)} must not import ${specifier}`
  if (file === undefined) {
    const name = packageName(specifier)
    return allowed(place, packages[name] ?? []) ? undefined : `${at}: ${place} must not import the package ${name}`
  }
  if (!sources.has(file)) return `${at}: ${specifier} is no file of ours`
  const target = inSrc(file)
  return allowed(target, layer.uses) ? undefined : `${at}: ${layerOf(place)} must not import ${target}`
}

/** Entries that end in a slash are folders. */
function allowed(place: string, list: readonly string[]): boolean {
  return list.some((entry) => entry === '*' || entry === place || (entry.endsWith('/') && place.startsWith(entry)))
}

function inSrc(path: string): string {
  return path.replace(/^src\//, '')
}

function layerOf(place: string): string {
  return place.split('/')[0] ?? place
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
