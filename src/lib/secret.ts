/**
 * What is wrong with an application's secret, as the end of a sentence that begins with its name;
 * undefined when it will do.
 */
export function secretFault(secret: unknown): string | undefined {
  if (secret === undefined || secret === '')
    return 'is missing; set it to 32 random bytes, for instance from an environment variable'
  if (typeof secret !== 'string') return "must be a string; of bytes, make one with toString('base64')"
  if (Buffer.byteLength(secret) < 32) return 'must be at least 32 bytes; `openssl rand -base64 32` makes one'
  if (new Set(secret).size < 8) return 'looks like a placeholder; `openssl rand -base64 32` makes a real one'
  return undefined
}
