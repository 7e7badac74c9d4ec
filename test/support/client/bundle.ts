import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

const entry = fileURLToPath(new URL('../../../src/client/index.ts', import.meta.url))

/** The client as a bundler ships it. */
export async function bundle(options: Pick<BuildOptions, 'format' | 'globalName'> = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
    ...options,
  })
  return outputFiles[0]?.text ?? ''
}
