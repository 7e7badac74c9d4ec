import { join } from 'node:path'

/**
 * Folder of the device's half, as browsers read it without a bundler: `app.use('/phonecheck',
 * express.static(clientDirectory))`, and in the page `import { phoneLogin } from
 * '/phonecheck/index.js'`. The same in both module systems: what `require.resolve` finds is
 * CommonJS, which no browser imports.
 */
// @ts-ignore: an error in the CommonJS half alone, which has no import.meta; scripts/finish-build.mjs puts `__dirname` in its place there.
export const clientDirectory: string = join(import.meta.dirname, '../../esm/client')
