/** An address as the log shows it: ids shortened, and of a query only what is no secret. */
export function maskPath(target: string): string {
  const { pathname, searchParams } = new URL(target, 'http://localhost')
  const query = [...searchParams].map(([name, value]) => `${name}=${maskParameter(name, value)}`).join('&')
  return shortenIds(pathname) + (query && `?${query}`)
}

function maskParameter(name: string, value: string): string {
  if (name === 'check_id') return shortenIds(value)
  // The vendor's error codes are a closed list of such words; anything else stays hidden, like a code.
  return name === 'error' && /^[a-z_]{1,40}$/.test(value) ? value : '••••••'
}

function shortenIds(text: string): string {
  return text
    .replace(/([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '$1…')
    .replace(/\b((?:VA|VE)[0-9a-f]{4})[0-9a-f]{28}\b/gi, '$1…')
}

export function maskCode(code: string): string {
  return `••••••${code.slice(-2)}`
}
