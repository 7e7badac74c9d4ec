export interface AppUser extends Express.User {
  id: string
  phoneNumber: string
}

/** Stands in for your table of users. */
export class Users {
  readonly #byId = new Map<string, AppUser>()

  /**
   * The account of a proven number. Idempotent, as it must be: the strategy may ask twice for one login.
   *
   * The id is not the number: operators give numbers that were cancelled to somebody else, and a
   * token names its user for longer than that may take.
   */
  findOrCreateByPhone(phoneNumber: string): AppUser {
    const known = [...this.#byId.values()].find((user) => user.phoneNumber === phoneNumber)
    if (known) return known
    const user = { id: crypto.randomUUID(), phoneNumber }
    this.#byId.set(user.id, user)
    return user
  }

  find(id: string): AppUser | undefined {
    return this.#byId.get(id)
  }

  delete(id: string): void {
    this.#byId.delete(id)
  }
}
