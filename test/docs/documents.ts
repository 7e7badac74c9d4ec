import { readdirSync } from 'node:fs'
import { readText, root } from '../support/markdown.js'

/**
 * Everything that is written for a reader, from the repository's root. What is made from the code's
 * comments is not.
 */
export const documents: readonly string[] = [
  ...['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md'],
  ...markdownIn('docs'),
  ...markdownIn('examples'),
  ...markdownIn('bench'),
]

function markdownIn(folder: string): string[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => !path.startsWith('docs/reference/api/'))
    .toSorted()
}

export interface Link {
  /** As it is written: a path with an anchor, or one of them. */
  readonly target: string
  /** From the repository's root. */
  readonly file: string
  readonly anchor: string | undefined
}

/** The links of a document to files and headings of this repository. */
export function linksOf(path: string): Link[] {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : ''
  return [...prose(readText(path)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#')
    return { target, file: file === '' ? path : new URL(file, `file:///${folder}`).pathname.slice(1), anchor }
  })
}

/** The anchors that GitHub makes of a document's headings, and those that are written into it. */
export function anchorsOf(markdown: string): string[] {
  const text = prose(markdown)
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)]
}

/** The text without its blocks of code, whose lines may look like headings and links. */
export function prose(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gm, '')
}
