import type { TokenEvent } from '../contracts/events.js'
import type { Store } from '../contracts/store.js'
import { createSecret, fingerprint, isSecret, matches, type Seal, sealFor } from '../lib/crypto.js'
import { PhoneCheckError } from '../lib/errors.js'
import type { Grant } from './claims.js'
import { FamilyLists } from './family-list.js'
import { tokenInvalid } from './problem.js'
import type { Revocations } from './revocations.js'

/** What the store keeps of a login, sealed. Instants are milliseconds since its insertion, by the store's clock. */
interface Family {
  grant: Grant
  /** Fingerprint of the one secret that may refresh. */
  current: string
  idleUntilMs: number
  rotatedAtMs: number
  /** The current secret, sealed for whoever holds the one before it. Only with a grace. */
  again?: string
}

export interface FamilyRules {
  store: Store
  /** Whose refresh tokens these are: no other's are taken, though they lie in the same store. */
  issuer: string
  audience: string
  revocations: Revocations
  idleSeconds: number
  absoluteSeconds: number
  graceSeconds: number
  emit: (event: TokenEvent) => void
}

/**
 * A refresh token taken apart: the first half names the login and opens its record, the second is
 * good for one refresh.
 */
interface Presented {
  sid: string
  key: string
  secret: string
  seal: Seal
}

const recordContext = 'refresh/1'
const againContext = 'refresh-again/1'

/**
 * Refresh tokens: opaque, good once, and all those of one login a family that dies together.
 *
 * A family is one record. Its key is a hash of the first half of its tokens and its content is
 * sealed with that half, so the store yields neither tokens nor whose they are. Of the second half
 * only a fingerprint is kept. Any other second half was used before or is forged, and no client of
 * ours forges: the family is removed, because nobody can tell which of its holders is the thief.
 *
 * Of requests that present the same token at once, `replace` lets one win. The others find it used,
 * as if they had come later.
 *
 * A key is never inserted twice, so no version can mean two states. It names issuer and audience,
 * so the tokens of others are unknown here.
 */
export class RefreshFamilies {
  readonly #rules: FamilyRules
  readonly #prefix: string
  readonly #lists: FamilyLists

  constructor(rules: FamilyRules) {
    const { store, revocations, absoluteSeconds } = rules
    const place = fingerprint(JSON.stringify([rules.issuer, rules.audience]))
    this.#rules = rules
    this.#prefix = `refresh/${place}/`
    // Nothing prolongs a list when a login joins it. At worst it forgets those that are live when
    // it ends, once: then twice as many are.
    this.#lists = new FamilyLists(
      store,
      `families/${place}/`,
      (subject) => revocations.hashSubject(subject),
      2 * absoluteSeconds,
    )
  }

  /** Begins a family, and ends the user's oldest where there is one too many. */
  async issue(grant: Grant): Promise<{ refreshToken: string; sid: string }> {
    const { store, idleSeconds, absoluteSeconds } = this.#rules
    const secret = createSecret()
    const refreshToken = `${createSecret()}.${secret}`
    const { sid, key, seal } = this.#parse(refreshToken)
    const family: Family = { grant, current: fingerprint(secret), idleUntilMs: idleSeconds * 1000, rotatedAtMs: 0 }
    const outdated = await this.#lists.add(grant.subject, sid)
    await Promise.all(outdated.map((old) => store.remove(this.#prefix + old)))
    if (!(await store.insert(key, seal.close(family, recordContext), absoluteSeconds))) {
      throw new PhoneCheckError('store_unavailable', { message: 'The store says that a new login exists already.' })
    }
    return { refreshToken, sid }
  }

  /**
   * Exchanges a refresh token for the next one. What `prepare` makes of the grant is made before
   * the token is used up, so that its failure costs nothing; undefined ends the family.
   * @throws PhoneCheckError `token_invalid`, `store_unavailable`, or whatever `prepare` threw
   */
  async rotate<Prepared>(
    token: string,
    prepare: (grant: Grant, sid: string) => Promise<Prepared | undefined>,
  ): Promise<{ refreshToken: string; prepared: Prepared }> {
    const presented = this.#parse(token)
    // The second round is for whoever lost the race, and finds the token used.
    for (let round = 0; round < 2; round++) {
      const found = await this.#rules.store.find(presented.key)
      const family = found && (presented.seal.open(found.record, recordContext) as Family | undefined)
      if (!family || this.#isOver(family, found.ageMs)) throw tokenInvalid()
      const isCurrent = matches(presented.secret, family.current)
      const again = isCurrent ? undefined : this.#repeat(presented, family, found.ageMs)
      if (!isCurrent && again === undefined) throw await this.#revokeFamily(presented, family)
      const { grant } = family
      const isRevoked = await this.#rules.revocations.isRevoked(grant.subject, grant.epochs)
      const prepared = isRevoked ? undefined : await prepare(grant, presented.sid)
      if (prepared === undefined) {
        await this.#rules.store.remove(presented.key)
        throw tokenInvalid()
      }
      const secret = again ?? createSecret()
      const isMine =
        again !== undefined ||
        (await this.#replace(presented, found.version, this.#next(presented, family, secret, found.ageMs)))
      if (isMine) return { refreshToken: `${token.split('.', 1)[0]}.${secret}`, prepared }
    }
    throw new PhoneCheckError('store_unavailable', { message: 'The store neither takes nor shows a change.' })
  }

  /**
   * Ends the family that a token belongs to, used or not. Unknown ones have ended already.
   * @throws PhoneCheckError `token_invalid` for a text of another kind
   */
  async end(token: string): Promise<void> {
    await this.#rules.store.remove(this.#parse(token).key)
  }

  /** Forgets all families of a user, once they are revoked. */
  async forget(subject: string): Promise<void> {
    const sids = await this.#lists.take(subject)
    await Promise.all(sids.map((sid) => this.#rules.store.remove(this.#prefix + sid)))
  }

  /** Whether the family of an access token has neither ended nor expired. */
  async isLive(sid: string): Promise<boolean> {
    return (await this.#rules.store.find(this.#prefix + sid)) !== undefined
  }

  #isOver(family: Family, ageMs: number): boolean {
    return ageMs >= family.idleUntilMs || ageMs >= this.#rules.absoluteSeconds * 1000
  }

  /** The answer that was given before, for a client that did not get it. */
  #repeat({ key, secret }: Presented, { again, rotatedAtMs }: Family, ageMs: number): string | undefined {
    if (again === undefined || ageMs - rotatedAtMs >= this.#rules.graceSeconds * 1000) return undefined
    return sealFor(secret, key).open(again, againContext) as string | undefined
  }

  #next({ key, secret: used }: Presented, { grant }: Family, secret: string, ageMs: number): Family {
    const { idleSeconds, graceSeconds } = this.#rules
    return {
      grant,
      current: fingerprint(secret),
      idleUntilMs: ageMs + idleSeconds * 1000,
      rotatedAtMs: ageMs,
      ...(graceSeconds > 0 && { again: sealFor(used, key).close(secret, againContext) }),
    }
  }

  /**
   * A store that fails may have written all the same. A client that is told of a failure presents
   * its token again, which by then is a used one and ends the login: so it is asked what stands,
   * once.
   */
  async #replace({ key, seal }: Presented, version: number, family: Family): Promise<boolean> {
    const { store } = this.#rules
    try {
      return await store.replace(key, version, seal.close(family, recordContext))
    } catch (error) {
      const found = await store.find(key)
      const standing = found && (seal.open(found.record, recordContext) as Family | undefined)
      if (standing?.current === family.current) return true
      throw error
    }
  }

  /** @throws PhoneCheckError `token_invalid` */
  #parse(token: string): Presented {
    const [family, secret, ...rest] = token.split('.')
    if (!isSecret(family) || !isSecret(secret) || rest.length > 0) throw tokenInvalid()
    const sid = fingerprint(family)
    const key = this.#prefix + sid
    return { sid, key, secret, seal: sealFor(family, key) }
  }

  async #revokeFamily({ key, sid }: Presented, { grant }: Family): Promise<PhoneCheckError> {
    this.#rules.emit({ type: 'refresh_reused', family: sid, subject: grant.subject })
    await this.#rules.store.remove(key)
    return tokenInvalid()
  }
}
