/**
 * Whether a call fits a pattern such as `PATCH /phone_check/v0.2/checks/*`: `*` stands for one
 * segment or part of one, `**` for any rest, and the method may be `*` or left out.
 */
export type CallMatcher = (method: string, path: string) => boolean

/** @throws TypeError when the pattern has no path. */
export function callMatcher(pattern: string): CallMatcher {
  const parts = /^(?:([A-Za-z]+|\*)\s+)?(\/\S*)$/.exec(pattern.trim())
  const wanted = parts?.[2]
  if (wanted === undefined)
    throw new TypeError(`match: "${pattern}" should read like "PATCH /phone_check/v0.2/checks/*"`)
  const method = parts?.[1]?.toUpperCase() ?? '*'
  const path = new RegExp(
    `^${wanted.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replace(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'))}$`,
  )
  return (calledMethod, calledPath) => (method === '*' || method === calledMethod) && path.test(calledPath)
}
