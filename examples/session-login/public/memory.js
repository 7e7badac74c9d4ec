// @ts-check
/** @import { Step } from './api.js' */

/**
 * What this tab remembers of a login while it visits the operator, reads a text in another app, or
 * is reloaded. The handle in it is of no use to anyone without the cookie that scripts cannot read.
 */
const key = 'phone-login'
/** As long as the server keeps a login. Milliseconds. */
const lifeMs = 600_000

/** @typedef {{ number: string, step?: Step }} Remembered */

/** @param {string} number As it was typed, so that nobody types it twice */
export function rememberNumber(number) {
  write({ number })
}

/** @param {Step} step */
export function remember(step) {
  write({ number: recall()?.number ?? '', step })
}

/** @returns {Remembered | undefined} */
export function recall() {
  const known = /** @type {Remembered | undefined} */ (
    attempt(() => JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? undefined)
  )
  return known?.step && Date.now() - known.step.at > lifeMs ? { number: known.number } : known
}

export function forget() {
  attempt(() => sessionStorage.removeItem(key))
}

/** @param {Remembered} login */
function write(login) {
  attempt(() => sessionStorage.setItem(key, JSON.stringify(login)))
}

/**
 * Even looking at `sessionStorage` throws where the user has switched it off.
 *
 * @template Value
 * @param {() => Value} use
 */
function attempt(use) {
  try {
    return use()
  } catch {
    return undefined
  }
}
