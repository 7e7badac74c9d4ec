/** What a platform's API rejects with when there is no token: `code` is the API's own word for it. */
export class TokenError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'TokenError'
    this.code = code
  }
}
