import { findCycle, type Import, readImports } from './imports.js'
import type { Sources } from './sources.js'

interface Room {
  /** Rooms and files of ours that it may use at run time. */
  readonly uses: readonly string[]
  /** What it may name in types only. */
  readonly namesTypesOf?: readonly string[]
  /** Modules of Node; a star for any. */
  readonly node: readonly string[]
}

const contracts = ['providers/provider.ts', 'stores/store.ts']

/** Section 6 of the design: imports point one way. */
const rooms: Readonly<Record<string, Room>> = {
  core: { uses: ['core/'], namesTypesOf: contracts, node: ['node:crypto'] },
  providers: { uses: ['core/', 'providers/'], node: ['*'] },
  stores: { uses: ['core/', 'stores/'], node: ['*'] },
  express: { uses: ['core/', 'express/', ...contracts], node: ['*'] },
  passport: { uses: ['core/', 'express/', 'passport/', ...contracts], node: ['*'] },
  client: { uses: ['client/'], node: [] },
  // Shares nothing with the providers, so that the two can contradict each other.
  simulator: { uses: ['simulator/'], node: ['*'] },
  testing: { uses: ['core/', 'testing/', 'stores/store.ts'], node: ['*'] },
  'index.ts': { uses: [''], node: [] },
}

/** Who may import a package. One that is not here may be imported by nobody, not even for its types. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'libphonenumber-js': ['core/'],
  'ipaddr.js': ['core/'],
  undici: ['providers/connections.ts'],
  cookie: ['express/'],
  'passport-custom': ['passport/'],
  jsonwebtoken: ['express/jwt.ts', 'passport/bearer.ts'],
}

/** Whatever breaks the rules, one sentence each. */
export function importViolations(sources: Sources): string[] {
  const imports = readImports(sources)
  const cycle = findCycle(imports)
  return [...imports.flatMap((found) => complaint(found, sources) ?? []), ...(cycle ? [`cycle: ${cycle.join(' -> ')}`] : [])]
}

function complaint({ at, from, specifier, file, typeOnly }: Import, sources: Sources): string | undefined {
  const place = inSrc(from)
  const room = rooms[roomOf(place)]
  if (!room) return `${at}: no rule for ${place}; say in import-rules.ts what it may import`
  if (specifier === '(computed)') return `${at}: a computed import cannot be judged`
  if (specifier.startsWith('node:'))
    return allowed(specifier, room.node) ? undefined : `${at}: ${roomOf(place)} must not import ${specifier}`
  if (file === undefined) {
    const name = packageName(specifier)
    return allowed(place, packages[name] ?? []) ? undefined : `${at}: ${place} must not import the package ${name}`
  }
  if (!sources.has(file)) return `${at}: ${specifier} is no file of ours`
  const target = inSrc(file)
  if (allowed(target, room.uses) || (typeOnly && allowed(target, room.namesTypesOf ?? []))) return undefined
  return `${at}: ${roomOf(place)} must not import ${target}${typeOnly ? '' : ' at run time'}`
}

/** Entries that end in a slash are folders. */
function allowed(place: string, list: readonly string[]): boolean {
  return list.some((entry) => entry === '*' || entry === place || ((entry === '' || entry.endsWith('/')) && place.startsWith(entry)))
}

function inSrc(path: string): string {
  return path.replace(/^src\//, '')
}

function roomOf(place: string): string {
  return place.split('/')[0] ?? place
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
