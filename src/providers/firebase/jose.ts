/**
 * jose, loaded when a token is first looked at. It is an ES module only: a CommonJS program that
 * never sees such a token must load where those cannot be required (Jest, AWS Lambda).
 * `scripts/finish-build.mjs` keeps this an `import()` in the CommonJS half.
 */
export function loadJose(): Promise<typeof import('jose')> {
  return import('jose')
}
