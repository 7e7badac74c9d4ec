import type { Json, JsonObject } from '../../providers/openapi/json.js'

/**
 * Reads the part of YAML that docs/reference/openapi.yaml keeps to: block mappings and sequences,
 * flow collections, plain and quoted scalars on one line. What it does not know it refuses, so that
 * the file stays readable for every parser.
 * @throws SyntaxError that names the line
 */
export function readYaml(text: string): Json {
  const lines = text.split('\n').flatMap((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return []
    const content = line.trimStart()
    return [{ indent: line.length - content.length, content: content.trimEnd(), number: index + 1 }]
  })
  const value = block(lines, lines[0]?.indent ?? 0)
  refuseRest(lines)
  return value
}

interface Line {
  indent: number
  content: string
  readonly number: number
}

const keyed = /^('(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[\w$/{}.+-]+):(?: +(.*))?$/

function block(lines: Line[], indent: number): Json {
  return lines[0]?.content.startsWith('- ') ? sequence(lines, indent) : mapping(lines, indent)
}

function sequence(lines: Line[], indent: number): Json[] {
  const items: Json[] = []
  for (let line = lines[0]; line?.indent === indent && line.content.startsWith('- '); line = lines[0]) {
    const rest = line.content.slice(2).trimStart()
    const inner = indent + line.content.length - rest.length
    if (keyed.test(rest) && !/^['"[{]/.test(rest)) {
      lines[0] = { ...line, indent: inner, content: rest }
      items.push(mapping(lines, inner))
    } else {
      lines.shift()
      items.push(scalar(rest, line))
    }
  }
  return items
}

function mapping(lines: Line[], indent: number): JsonObject {
  const object: JsonObject = {}
  for (let line = lines[0]; line?.indent === indent; line = lines[0]) {
    const [, key = '', rest] = keyed.exec(line.content) ?? fail(line)
    const name = String(scalar(key, line))
    if (Object.hasOwn(object, name)) fail(line, 'a key that is there already')
    lines.shift()
    const next = lines[0]
    if (rest !== undefined) object[name] = scalar(rest, line)
    else object[name] = next && next.indent > indent ? block(lines, next.indent) : fail(line, 'a key without a value')
  }
  return object
}

/** One value that ends with its line. */
function scalar(text: string, line: Line): Json {
  const rest = { text }
  const value = flow(rest, line, /(?!)/)
  if (rest.text !== '') fail(line)
  return value
}

/** @param stop what ends a plain scalar: in a collection its punctuation, outside nothing */
function flow(rest: { text: string }, line: Line, stop: RegExp): Json {
  const take = (pattern: RegExp): string | undefined => {
    const [found] = pattern.exec(rest.text) ?? []
    if (found !== undefined) rest.text = rest.text.slice(found.length)
    return found
  }
  if (take(/^\[ */) !== undefined) {
    const items: Json[] = []
    while (take(/^ *\]/) === undefined) {
      items.push(flow(rest, line, /,|\]/))
      if (take(/^ *, */) === undefined && !/^ *\]/.test(rest.text)) fail(line)
    }
    return items
  }
  if (take(/^\{ */) !== undefined) {
    const object: JsonObject = {}
    while (take(/^ *\}/) === undefined) {
      const key = take(/^[\w$-]+(?=: )/) ?? fail(line)
      take(/^: +/)
      object[key] = flow(rest, line, /,|\}/)
      if (take(/^ *, */) === undefined && !/^ *\}/.test(rest.text)) fail(line)
    }
    return object
  }
  const single = take(/^'(?:[^']|'')*'/)
  if (single !== undefined) return single.slice(1, -1).replaceAll("''", "'")
  const double = take(/^"(?:[^"\\]|\\.)*"/)
  if (double !== undefined) return JSON.parse(double)
  const end = rest.text.search(stop)
  const plain = (end < 0 ? rest.text : rest.text.slice(0, end)).trimEnd()
  rest.text = end < 0 ? '' : rest.text.slice(end)
  if (plain === '' || /^[&*!|>%@`?-]|: | #/.test(plain)) fail(line, 'a value that needs quotes')
  return /^(true|false|null|-?\d+(\.\d+)?)$/.test(plain) ? JSON.parse(plain) : plain
}

function refuseRest(lines: readonly Line[]): void {
  if (lines[0]) fail(lines[0])
}

function fail({ number }: Line, what = 'YAML that this reader does not know'): never {
  throw new SyntaxError(`line ${number}: ${what}`)
}
