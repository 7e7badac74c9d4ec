import type { PhoneIdentity } from '../../contracts/identity.js'
import { answerWithin, callApplication, callApplicationNow } from '../../lib/application.js'
import { createSecret } from '../../lib/crypto.js'
import { PhoneCheckError } from '../../lib/errors.js'
import { knownOptions } from '../../lib/options.js'
import { channels, traced } from '../../lib/telemetry.js'
import { limits } from '../../limits/numbers.js'
import { checkedClaims, checkedSubject, type Grant } from '../../tokens/claims.js'
import { complaint } from '../../tokens/keys.js'
import { noEpochs, revClaim } from '../../tokens/revocations.js'
import { type JwtSettings, type TokenService, tokenServiceFor } from '../../tokens/settings.js'
import type { Handler, HttpRequest } from '../http-types.js'
import { asHandler, sendJson } from '../problem-json.js'
import { optionalString, readBody } from '../request/body.js'

export interface IssueOptions {
  /**
   * Purposes of flows that may end in tokens. Default `['login']`: a number that was proven to be
   * linked says nothing about whose account this is.
   */
  purposes?: readonly string[]
}

/**
 * Answers a login with tokens: `{ access_token, token_type: "Bearer", expires_in, refresh_token?,
 * device? }`. Mount it after `passport.authenticate('phonecheck', { session: false })`.
 * @throws TypeError that names the setting and the cure
 */
export function issueJwt<Claims extends object>(settings: JwtSettings<Claims>, options: IssueOptions = {}): Handler {
  const tokens = issuing(settings)
  knownOptions('issueJwt', options, ['purposes'])
  const { purposes = ['login'] } = options
  // `'login'.includes('log')` is true: a string would admit purposes that nobody listed.
  if (!Array.isArray(purposes)) throw new TypeError("issueJwt: purposes must be a list, such as ['stepup']")
  return asHandler(
    tokens,
    async function issueJwt(req: HttpRequest & { authInfo?: Express.AuthInfo | undefined }, res) {
      const { user, authInfo } = req
      const identity = authInfo?.phoneCheck
      if (!user || !identity) {
        throw new Error(
          "issueJwt: nobody has logged in. Mount it after passport.authenticate('phonecheck', { session: false }).",
        )
      }
      if (!purposes.includes(identity.purpose)) {
        throw new Error(
          `issueJwt: the number was proven for the purpose '${identity.purpose}', which is no login. If tokens may come of it, pass { purposes: ['${identity.purpose}'] }, and let its verify callback compare the number with the account's.`,
        )
      }
      const grant = await grantOf(tokens, user, identity)
      const begun = await tokens.families?.issue(grant)
      sendJson(res, 200, {
        ...answer(tokens, await signOrEnd(tokens, grant, begun), begun?.refreshToken),
        device: authInfo?.phoneCheckDevice,
      })
    },
  )
}

/**
 * `POST { refresh_token }`: a new access token and the next refresh token. A refresh token is good
 * once; a used one ends the login.
 * @throws TypeError that names the setting and the cure
 */
export function refreshJwt<Claims extends object>(settings: JwtSettings<Claims>): Handler {
  const tokens = issuing(settings)
  const families = familiesOf(tokens, 'refreshJwt')
  return asHandler(tokens, async function refreshJwt(req, res) {
    const token = await readToken(req)
    const rotate = () =>
      families.rotate(token, async (grant, sid) => {
        const current = await currentGrant(tokens, grant)
        return current && sign(tokens, current, sid)
      })
    const traces = channels.refresh.hasSubscribers
    const rotated = traces ? traced(channels.refresh, tokens.clock, {}, rotate, () => ({})) : rotate()
    const { prepared, refreshToken } = await rotated
    sendJson(res, 200, answer(tokens, prepared, refreshToken))
  })
}

/**
 * `POST { refresh_token }`: ends the login and answers 204, also when it has ended before.
 * @throws TypeError that names the setting and the cure
 */
export function logoutJwt<Claims extends object>(settings: JwtSettings<Claims>): Handler {
  const tokens = tokenServiceFor(settings)
  const families = familiesOf(tokens, 'logoutJwt')
  return asHandler(tokens, async function logoutJwt(req, res) {
    await families.end(await readToken(req))
    res.setHeader('Cache-Control', 'no-store')
    res.statusCode = 204
    res.end()
  })
}

/**
 * Ends every login that a user has until now: all refresh tokens at once, and access tokens too
 * with `checkRevoked`; without it these expire by themselves. New logins are not affected. Waits
 * until it is done.
 * @param id what `subject` returns for the user
 * @param devices the user's numbers, and the strategy in which their devices are known: they are
 * strangers from now on. Only the application knows which numbers its user has. A device that stays
 * known has counters of its own, and nothing else
 * @throws PhoneCheckError `store_unavailable`: nothing was revoked, or it is not known; try again.
 * TypeError without a store, or for an id that is none
 */
export async function revokeUser<Claims extends object>(
  settings: JwtSettings<Claims>,
  id: string,
  devices?: { phone: { forgetDevices(phoneNumber: string): Promise<void> }; phoneNumbers: readonly string[] },
): Promise<void> {
  const { revocations, families, emit } = tokenServiceFor(settings)
  if (!revocations) throw complaint('store', 'is missing; without one there are no refresh tokens to revoke')
  const subject = checkedSubject(id, undefined)
  await revocations.revoke(subject)
  // They are dead already; what was kept of the user goes too.
  await families?.forget(subject)
  if (devices) await Promise.all(devices.phoneNumbers.map((phoneNumber) => devices.phone.forgetDevices(phoneNumber)))
  emit({ type: 'user_revoked', user: revocations.hashSubject(subject) })
}

type Issuing = TokenService & { subject: (user: Express.User) => string }

function issuing<Claims extends object>(settings: JwtSettings<Claims>): Issuing {
  const tokens = tokenServiceFor(settings)
  const { subject } = tokens
  if (!subject)
    throw complaint(
      'subject',
      'is missing; pass a function that returns the stable id of a user, such as (user) => user.id',
    )
  if (!tokens.access.canSign) throw complaint('keys[0]', 'has no privateKey, and the first key signs')
  return { ...tokens, subject }
}

function familiesOf({ families }: TokenService, who: string) {
  if (!families)
    throw complaint('store', `is missing, and ${who} works on what it keeps; pass one, such as new MemoryStore()`)
  return families
}

async function readToken(req: HttpRequest): Promise<string> {
  const body = await readBody(req, ['refresh_token'])
  const token = optionalString(body, 'refresh_token', 4096)
  if (token === undefined) throw new PhoneCheckError('invalid_request', { message: 'refresh_token is missing.' })
  return token
}

function claimsOf({ claims }: Issuing, user: Express.User): { claims?: object } {
  // The check is inside, because it reads what the application returned: getters are functions of the application too.
  return claims ? { claims: callApplicationNow('claims of the JwtSettings', () => checkedClaims(claims(user))) } : {}
}

async function grantOf(tokens: Issuing, user: Express.User, identity: PhoneIdentity): Promise<Grant> {
  const id = callApplicationNow('subject of the JwtSettings', () => tokens.subject(user))
  const subject = checkedSubject(id, identity.phoneNumber)
  return {
    subject,
    acr: identity.assurance,
    amr: [identity.method, ...(identity.amr ?? [])],
    authTime: Math.floor(identity.verifiedAt.getTime() / 1000),
    epochs: (await tokens.revocations?.epochs(subject)) ?? noEpochs,
    ...claimsOf(tokens, user),
  }
}

/** The grant with what the application says of the user now; undefined when it has none by that id. */
async function currentGrant(tokens: Issuing, grant: Grant): Promise<Grant | undefined> {
  const { clock, findUser, subject } = tokens
  if (!findUser) return grant
  const who = 'findUser of the JwtSettings'
  const answer = callApplication(who, () => findUser(grant.subject))
  const user = await answerWithin(clock, limits.findUserMs, who, answer)
  if (!user || callApplicationNow('subject of the JwtSettings', () => subject(user)) !== grant.subject) return undefined
  return { ...grant, ...claimsOf(tokens, user) }
}

function sign(
  { access, issuer, audience, clientId, accessTtlSeconds, now }: Issuing,
  grant: Grant,
  sid: string | undefined,
): string {
  const iat = now()
  const rev = revClaim(grant.epochs)
  return access.sign({
    ...grant.claims,
    iss: issuer,
    aud: audience,
    sub: grant.subject,
    iat,
    exp: iat + accessTtlSeconds,
    jti: createSecret(),
    auth_time: grant.authTime,
    amr: grant.amr,
    acr: grant.acr,
    ...(clientId !== undefined && { client_id: clientId }),
    ...(sid !== undefined && { sid }),
    ...(rev !== undefined && { rev }),
  })
}

/**
 * Claims that cannot be signed are the application's fault; a login that nobody was told of must
 * not be kept for a month.
 */
async function signOrEnd(
  tokens: Issuing,
  grant: Grant,
  begun: { sid: string; refreshToken: string } | undefined,
): Promise<string> {
  try {
    return sign(tokens, grant, begun?.sid)
  } catch (error) {
    if (begun) await tokens.families?.end(begun.refreshToken)
    throw error
  }
}

function answer({ accessTtlSeconds }: TokenService, accessToken: string, refreshToken: string | undefined) {
  return { access_token: accessToken, token_type: 'Bearer', expires_in: accessTtlSeconds, refresh_token: refreshToken }
}
