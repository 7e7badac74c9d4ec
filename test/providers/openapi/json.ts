export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** A place where the vendor's document says what it cannot mean, with what it must mean. */
export interface SpecMistake {
  readonly at: string
  readonly reason: string
  readonly mend: (node: JsonObject) => JsonObject
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws Error when there is nothing at the pointer. */
export function pointerInto(document: Json, pointer: string): Json {
  const keys = pointer.split('/').slice(1)
  return keys.reduce<Json>((node, key) => {
    const name = decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')
    const next = (node as JsonObject | null)?.[name]
    if (next === undefined) throw new Error(`nothing at ${pointer}`)
    return next
  }, document)
}

/** Changes the node in place. @throws Error when the mistake is no longer there */
export function mend(document: JsonObject, { at, mend: change }: SpecMistake): void {
  const node = pointerInto(document, at)
  if (!isJsonObject(node)) throw new Error(`nothing to mend at ${at}`)
  const before = JSON.stringify(node)
  const after = change(structuredClone(node))
  if (JSON.stringify(after) === before) throw new Error(`${at} needs no mending any more`)
  for (const key of Object.keys(node)) delete node[key]
  Object.assign(node, after)
}
