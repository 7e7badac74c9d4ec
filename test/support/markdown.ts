import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** @param path from the repository's root */
export function readText(path: string): string {
  return readFileSync(root + path, 'utf8')
}

/** The code in a Markdown text's fences of this language, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  )
}

/** What the compiler says of these blocks, each a module of its own beside the package. */
export function compilerComplaints(blocks: readonly string[], extension: 'mts' | 'tsx' = 'mts'): string[] {
  const folder = mkdtempSync(`${root}test/.readme-`)
  try {
    const files = blocks.map((text, index) => {
      const file = `${folder}/block-${index}.${extension}`
      writeFileSync(file, text)
      return file
    })
    const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    // What the newcomer's editor would say, not our stricter rules for ourselves.
    const all = { ...options, noPropertyAccessFromIndexSignature: false }
    const program = ts.createProgram(files, all, rememberingHost(all))
    return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      const block = /block-(\d+)/.exec(file?.fileName ?? '')?.[1] ?? '?'
      return `block ${block}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const declarations = new Map<string, ts.SourceFile | undefined>()

/** Reads and parses the declarations of the platform and of packages once for all programs of this process. */
function rememberingHost(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  host.getSourceFile = (path, version, ...rest) => {
    if (!path.includes('/node_modules/')) return getSourceFile(path, version, ...rest)
    if (!declarations.has(path)) declarations.set(path, getSourceFile(path, version, ...rest))
    return declarations.get(path)
  }
  return host
}
