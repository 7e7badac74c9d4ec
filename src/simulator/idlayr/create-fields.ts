export function isWebUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
