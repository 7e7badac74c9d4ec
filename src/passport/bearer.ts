import type { TokenRefusal } from '../contracts/events.js'
import type { HttpRequest, HttpResponse } from '../express/http-types.js'
import { keepProblem, setProblemHeaders } from '../express/problem-json.js'
import { answerWithin } from '../lib/application.js'
import { PhoneCheckError } from '../lib/errors.js'
import { limits } from '../limits/numbers.js'
import { StepUp } from '../login/types.js'
import type { AccessTokenClaims } from '../tokens/claims.js'
import { tokenInvalid } from '../tokens/problem.js'
import { epochsOfClaim } from '../tokens/revocations.js'
import { type BearerSettings, type TokenService, tokenServiceFor } from '../tokens/settings.js'
import { type Actions, type AuthenticateOptions, actionsOf, Base, runAuthenticate } from './base.js'
import { type Accepted, type Decision, type Done, type Verdict, type VerifyCallback, verifier } from './verify.js'

declare global {
  namespace Express {
    interface AuthInfo {
      /** The access token's claims; set by `passport.authenticate('bearer')`. */
      phoneCheckToken?: AccessTokenClaims
    }
  }
}

/**
 * Turns the claims of a good token into the application's user. Return (a promise of) the user, or
 * take the last parameter and call it as Passport's `done`. False, or nothing, refuses the token.
 * No answer within ten seconds is an error.
 */
export type BearerVerifyCallback<Claims extends object = object> = (
  claims: AccessTokenClaims & Claims,
  done: Done,
) => Verdict | void | Promise<Verdict | void>

type ExpressRequest = HttpRequest & { res?: HttpResponse | undefined }

/**
 * Guards an API with the access tokens of `issueJwt`: `passport.authenticate('bearer', { session:
 * false })`. Takes them from the `Authorization` header only, and answers as RFC 6750 says.
 */
export class BearerStrategy<Claims extends object = object> extends Base {
  override name: string
  /** @internal */
  readonly judge: (req: HttpRequest) => Promise<Accepted | Refused>
  /** @internal */
  readonly realm: string
  /** @internal */
  readonly emit: TokenService['emit']

  /** @throws TypeError that names the setting and the cure */
  constructor(settings: BearerSettings<Claims>, verify: BearerVerifyCallback<Claims>) {
    if (typeof verify !== 'function') throw new TypeError('BearerStrategy requires a verify callback')
    super(() => {})
    this.name = 'bearer'
    const tokens = tokenServiceFor(settings)
    this.realm = tokens.audience
    this.emit = tokens.emit
    // A closure, so that neither keys nor store are seen when the strategy is printed.
    this.judge = authenticateToken(tokens, verify)
  }

  override authenticate(req: ExpressRequest, options: AuthenticateOptions = {}): void {
    const actions = actionsOf(this)
    runAuthenticate(actions, req.res, this.emit, () => this.answer(req, actions, options))
  }

  /** @internal */
  private async answer(req: ExpressRequest, actions: Actions, options: AuthenticateOptions): Promise<void> {
    const judged = await this.judge(req).catch((error: unknown) => {
      if (req.res && error instanceof PhoneCheckError) setProblemHeaders(req.res, error)
      throw error
    })
    if (!('challenge' in judged)) return actions.success(judged.user, judged.info)
    const problem = tokenInvalid(judged.message)
    keepProblem(req, problem, options)
    req.res?.setHeader('Cache-Control', 'no-store')
    // A string, so that Passport puts it into WWW-Authenticate, beside the challenges of other
    // strategies, and only if all of them fail.
    actions.fail(problem, `Bearer realm="${this.realm}"${judged.challenge}`)
  }
}

interface Refused {
  /** What follows the realm. */
  challenge: string
  message?: string
}

/** RFC 6750 section 3.1: whoever sends no token is told that one is needed, and nothing else. */
const absent: Refused = { challenge: '', message: 'A bearer token is needed in the Authorization header.' }
const refused: Refused = {
  challenge: ', error="invalid_token", error_description="The token is expired, ended or not for here."',
}

const noAnswer =
  "The verify callback of 'bearer' gave no answer, which refuses the token. Return the user, or false to refuse: a `return` may be missing."

function authenticateToken<Claims extends object>(tokens: TokenService, verify: BearerVerifyCallback<Claims>) {
  // The same two styles of callback, whatever they are given.
  const decide = verifier('bearer', verify as unknown as VerifyCallback, false) as unknown as (
    req: HttpRequest,
    claims: AccessTokenClaims,
  ) => Promise<Decision>

  function refuse(reason: TokenRefusal): Refused {
    tokens.emit(
      reason === 'no_answer' ? { type: 'token_refused', reason, message: noAnswer } : { type: 'token_refused', reason },
    )
    return refused
  }
  return async function judge(req: HttpRequest): Promise<Accepted | Refused> {
    // Two Authorization headers: a proxy may have checked the other one (request smuggling). Refused.
    if ((req.headersDistinct?.['authorization']?.length ?? 0) > 1) return refuse('malformed')
    const token = bearerToken(req)
    if (token === undefined) return absent
    const claims = tokens.access.read(token, tokens.now())
    if (typeof claims === 'string') return refuse(claims)
    if (tokens.checkRevoked && (await isRevoked(tokens, claims))) return refuse('revoked')
    const accepted = await answerWithin(
      tokens.clock,
      limits.findUserMs,
      "The verify callback of 'bearer'",
      decide(req, claims),
    )
    // A token was issued for what was proven then: nothing here can prove more.
    if (accepted instanceof StepUp) return refuse('user_refused')
    if (!accepted) return refuse(accepted === false ? 'user_refused' : 'no_answer')
    return { user: accepted.user, info: { ...accepted.info, phoneCheckToken: claims } }
  }
}

/** A token of a login that cannot be asked about, because it was issued without a store, counts as revoked. */
async function isRevoked(
  { families, revocations }: TokenService,
  { sub, sid, rev }: AccessTokenClaims,
): Promise<boolean> {
  if (!families || !revocations || sid === undefined) return true
  const [ended, revoked] = await Promise.all([
    families.isLive(sid).then((live) => !live),
    revocations.isRevoked(sub, epochsOfClaim(rev)),
  ])
  return ended || revoked
}

/** The header alone: a token in an address ends in logs, and one in a body is a second way in. */
function bearerToken(req: HttpRequest): string | undefined {
  const [, token] = /^Bearer(?: +(.*))?$/i.exec(req.headers.authorization ?? '') ?? []
  return token ?? (/^Bearer\b/i.test(req.headers.authorization ?? '') ? '' : undefined)
}
