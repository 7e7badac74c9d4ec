/** Whether a URL stays on this machine. */
export function isLoopback(url: URL): boolean {
  return /^https?:$/.test(url.protocol) && /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(url.hostname)
}
