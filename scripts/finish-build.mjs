// What tsc leaves to do after a build. Cheap when nothing has changed.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

// The package's type is "module", so its CommonJS half must say what it is.
mkdirSync(`${root}dist/cjs`, { recursive: true })
writeFileSync(`${root}dist/cjs/package.json`, '{ "type": "commonjs" }\n')

// tsc never deletes: without this, a source that was moved or removed would be published for as long as the folder lives.
for (const half of ['esm', 'cjs']) {
  for (const name of readdirSync(`${root}dist/${half}`, { recursive: true, encoding: 'utf8' })) {
    const source = name.replace(/\.(js|d\.ts)(\.map)?$/, '.ts')
    if (source !== name && !existsSync(`${root}src/${source}`)) rmSync(`${root}dist/${half}/${name}`)
  }
}
