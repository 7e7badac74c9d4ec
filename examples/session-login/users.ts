export interface AppUser extends Express.User {
  id: string
  phoneNumber: string
}

/** Stands in for your table of users. */
export class Users {
  readonly #byId = new Map<string, AppUser>()
  readonly #byPhone = new Map<string, AppUser>()

  /**
   * The account of a proven number. Idempotent, as it must be: the strategy may ask twice for one login.
   *
   * Operators give numbers that were cancelled to somebody else. Whoever owns the number now gets
   * the account of whoever owned it before, so an app that keeps anything of value asks for more
   * than the number when an account was idle for long, and lets people change their number while
   * they still have it.
   */
  findOrCreateByPhone(phoneNumber: string): AppUser {
    const known = this.#byPhone.get(phoneNumber)
    if (known) return known
    // The id is not the number: a person may change numbers, and a number may change persons.
    const user = { id: crypto.randomUUID(), phoneNumber }
    this.#byId.set(user.id, user)
    this.#byPhone.set(phoneNumber, user)
    return user
  }

  find(id: string): AppUser | undefined {
    return this.#byId.get(id)
  }
}

/** For screens, which others may see: `+12025550100` becomes `+1 ••• ••• ••00`. */
export function maskNumber(e164: string): string {
  const [, start = '', rest = ''] = /^(\+[17]|\+\d\d)(\d+)$/.exec(e164) ?? []
  const hidden = '•'.repeat(Math.max(0, rest.length - 2)) + rest.slice(-2)
  return `${start} ${hidden.replace(/(.{3})(?=.{3})/g, '$1 ')}`
}
