// Writes api/<entry>.api.md: every public signature of each entry of the package, from the built
// declarations. With --check it writes nothing, and fails when one of them is not what git has. A
// change of the public surface is then a change of these files, which a reviewer sees.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('..', import.meta.url))
const isCheck = process.argv.includes('--check')
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

const entries = Object.entries(exports).flatMap(([path, target]) => {
  if (typeof target === 'string') return []
  return [
    { name: path === '.' ? 'index' : path.slice(2).replaceAll('/', '-'), types: root + target.import.types.slice(2) },
  ]
})

function configOf({ name, types }) {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: types,
      compiler: { tsconfigFilePath: `${root}tsconfig.esm.json` },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: `${root}api`,
        reportTempFolder: `${root}node_modules/.cache/api-report`,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        // The compiler and the linter judge the source; the report is for its public signatures alone.
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${root}package.json`,
  })
}

mkdirSync(`${root}api`, { recursive: true })
const configs = entries.map(configOf)
const missing = entries.filter(({ types }) => !existsSync(types))
if (missing.length > 0) {
  console.error(`Build first: ${missing.map(({ types }) => types).join(', ')} is missing.`)
  process.exit(1)
}
const [first] = configs
const compilerState = CompilerState.create(first, { additionalEntryPoints: entries.map(({ types }) => types) })
const stale = []
for (const [index, config] of configs.entries()) {
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    compilerState,
    localBuild: !isCheck,
    showVerboseMessages: false,
    messageCallback(message) {
      // Told below, in one sentence.
      if (message.category === 'console') message.handled = true
    },
  })
  if (errorCount > 0) process.exitCode = 1
  // The packed declarations are indented by tabs, those of a fresh build are not; the report is the same for both.
  const report = `${root}api/${entries[index].name}.api.md`
  const text = readFileSync(report, 'utf8')
  if (!isCheck && text.includes('\t')) writeFileSync(report, text.replaceAll('\t', ''))
  if (apiReportChanged) stale.push(entries[index].name)
}
if (stale.length > 0 && isCheck) {
  console.error(
    `The public API changed, but not its report: ${stale.map((name) => `api/${name}.api.md`).join(', ')}. Run npm run api, and look at the difference.`,
  )
  process.exitCode = 1
} else if (stale.length > 0) console.log(`Written anew: ${stale.map((name) => `api/${name}.api.md`).join(', ')}`)
