// Prints the map of docs/security-model.md to OWASP ASVS, with the tests behind each line, and
// fails when one of them is gone: `npm run asvs`.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const document = 'docs/security-model.md'

/**
 * The rows of the table under the heading "OWASP ASVS 5". Its last column names tests as `file`:
 * beginning of a title, with <br> between two.
 * @param {string} markdown
 */
export function rowsOf(markdown) {
  const section = /^## OWASP ASVS 5$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(markdown)?.[1] ?? ''
  return [...section.matchAll(/^\| (\d+\.\d+\.\d+) \| (.*) \| (.*) \| (.*) \|$/gm)].map(
    ([, id, asks, here, proof]) => ({
      id,
      asks,
      here,
      proofs: proof.split('<br>').map((text) => {
        const [, file, title] = /^`([^`]+)`: (.+)$/.exec(text.trim()) ?? []
        return { text, file, title }
      }),
    }),
  )
}

/**
 * What is wrong with the rows: a requirement that is there twice, a proof that cannot be read, a
 * file or a test that does not exist.
 * @param {ReturnType<typeof rowsOf>} rows
 * @param {(file: string) => string | undefined} read the text of a test file
 */
export function complaintsOf(rows, read) {
  const complaints = rows.length === 0 ? [`${document} has no table of ASVS`] : []
  const seen = new Set()
  for (const { id, proofs } of rows) {
    if (seen.has(id)) complaints.push(`${id} is there twice`)
    seen.add(id)
    for (const { text, file, title } of proofs) {
      const source = file === undefined ? undefined : read(file)
      if (file === undefined) complaints.push(`${id}: no test is named in ${JSON.stringify(text)}`)
      else if (source === undefined) complaints.push(`${id}: ${file} does not exist`)
      else if (!titlesIn(source).some((each) => each.startsWith(title)))
        complaints.push(`${id}: ${file} has no test "${title}"`)
    }
  }
  return complaints
}

/** The titles of tests and groups as they are written, and no other text of the file. */
function titlesIn(source) {
  const calls = source.matchAll(
    /\b(?:test|it|describe)\b[^'"`\n]*?\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g,
  )
  const named = [...calls].map(([, single, double, template]) => single ?? double ?? template)
  // test.each([…])('title'): the list may hold texts of its own.
  const listed = [
    ...source.matchAll(/^\s*(?:\]|test|it|describe)[^\n]*\)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/gm),
  ]
  return [...named, ...listed.map(([, single, double]) => single ?? double)]
}

/** @param {string} file */
function readTest(file) {
  const path = root + file
  return file.startsWith('test/') && existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function main() {
  const rows = rowsOf(readFileSync(root + document, 'utf8'))
  for (const { id, asks, here, proofs } of rows) {
    console.log(`${id.padEnd(7)} ${asks}\n        ${here.replaceAll('**', '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')}`)
    for (const { file, title } of proofs) console.log(`        ${file ?? '?'}: ${title ?? '?'}`)
  }
  const complaints = complaintsOf(rows, readTest)
  console.log(`\n${rows.length} requirements, ${rows.flatMap(({ proofs }) => proofs).length} tests`)
  for (const complaint of complaints) console.error(`WRONG: ${complaint}`)
  if (complaints.length > 0) process.exitCode = 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main()
