/** A service that keeps the code itself, and its rung as somebody might write it. */
export function service() {
  const codes = new Map<string, string>()
  return {
    codes,
    create: async (): Promise<unknown> => {
      const id = `id-${codes.size}`
      codes.set(id, String(100_000 + codes.size))
      return { id }
    },
    check: async (id: string, code: string): Promise<unknown> => (codes.get(id) === code ? 'verified' : 'invalid_code'),
  }
}

/** The next code after that one. */
export const digits = (code: string) => String((Number(code) + 1) % 10 ** code.length).padStart(code.length, '0')
