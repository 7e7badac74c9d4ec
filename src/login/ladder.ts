import { type Assurance, strength } from '../contracts/identity.js'
import type { Challenge, Provider } from '../contracts/provider.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { asError } from '../lib/application.js'
import { PhoneCheckError } from '../lib/errors.js'
import { matches } from '../lib/options.js'
import type { PhoneNumber } from '../lib/phone-number.js'
import { limits } from '../limits/numbers.js'
import type { ReviewNumbers } from './review-provider.js'

/** Whether a rung is as strong as a floor. Without one every rung is. */
export function isAtLeast({ assurance }: Provider, floor: Assurance = 'low'): boolean {
  return strength[assurance] >= strength[floor]
}

/** The ordered providers of a strategy. The server alone moves along it, only forward, and each rung is used once. */
export class Ladder {
  /** Whether any of its rungs has codes that can be guessed. */
  readonly isGuessable: boolean
  readonly #first: Provider
  /** In their order, without those below the floor. */
  readonly rungs: readonly Provider[]
  readonly #review: ReviewNumbers | undefined

  /**
   * @param floor rungs below it are left out for good, whatever happens to the others
   * @throws TypeError when nothing is left, two providers share a name, or one of them is no rung that could be safe
   */
  constructor(rungs: readonly Provider[], floor: Assurance = 'low', review?: ReviewNumbers) {
    for (const rung of rungs) {
      const fault = faultOf(rung)
      if (fault !== undefined) throw new TypeError(`ladder: '${rung.name}' ${fault}`)
    }
    const names = rungs.map((rung) => rung.name)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice) throw new TypeError(`ladder: two providers are called '${twice}'; give one of them another \`name\``)
    if (names.includes('review'))
      throw new TypeError("ladder: the name 'review' belongs to reviewNumbers; give your provider another")
    this.rungs = rungs.filter((rung) => isAtLeast(rung, floor))
    const [first] = this.rungs
    if (!first)
      throw new TypeError(
        `ladder: name at least one provider of assurance '${floor}' or better, such as phoneCheck({ … })`,
      )
    this.isGuessable = this.rungs.some(({ guessable }) => guessable)
    this.#first = first
    this.#review = review
  }

  /** Where a login of this number begins; a review number's only rung. */
  firstFor({ e164 }: PhoneNumber): Provider {
    return this.#review?.rungFor(e164) ?? this.#first
  }

  /**
   * The rung that a flow is on.
   * @throws PhoneCheckError `flow_invalid` when there is no such rung any more, as after a
   * deployment that removed it
   */
  rungOf({ record, content }: UnsealedFlow): Provider {
    const rung = this.find(record.rung) ?? this.#review?.rungFor(content.number.e164)
    if (rung?.name !== record.rung) throw new PhoneCheckError('flow_invalid', { ended: true })
    return rung
  }

  find(name: string): Provider | undefined {
    return this.rungs.find((rung) => rung.name === name)
  }

  /** @param floor of the flow, where it has one: weaker rungs are passed over */
  next(name: string, floor?: Assurance): Provider | undefined {
    return this.#after(name, floor)[0]
  }

  /** How many rungs there are from this one to the end, itself included. */
  countFrom(name: string, floor?: Assurance): number {
    return this.#after(name, floor).length + 1
  }

  /** Names of the rungs that are still to come. */
  namesAfter(name: string, floor?: Assurance): string[] {
    return this.#after(name, floor).map((rung) => rung.name)
  }

  /** One that fails at it keeps no other one open. @throws what the first such one did */
  async close(): Promise<void> {
    const closing = await Promise.allSettled(this.rungs.map(async (rung) => rung.close?.()))
    const failed = closing.find((one) => one.status === 'rejected')
    if (failed) throw asError(failed.reason, 'close of a provider')
  }

  /** The rungs whose providers announce results. */
  withWebhook(): Provider[] {
    return this.rungs.filter((rung) => rung.webhook)
  }

  #after(name: string, floor: Assurance = 'low'): readonly Provider[] {
    const index = this.rungs.findIndex((rung) => rung.name === name)
    const later = index < 0 ? [] : this.rungs.slice(index + 1)
    return later.filter((rung) => isAtLeast(rung, floor))
  }
}

/** The longest code that can be guessed within the tries that there are: a longer one is a secret. */
const guessableDigits = 10

/** What is wrong with a provider's description of itself, by which limits and times are chosen. */
function faultOf(rung: Provider): string | undefined {
  const { name, ttlSeconds, dwellSeconds, resendAfterSeconds = 1, codeLength = Number.POSITIVE_INFINITY } = rung
  const faults: readonly [boolean, string][] = [
    [!isName(name), 'is no name; it must be a word in lower case'],
    [typeof rung.start !== 'function', 'must have the function start'],
    [!rung.redeem && !rung.poll, 'must have redeem or poll'],
    // A truthy text would count as a message here, and as none there.
    [![rung.sends, rung.guessable].every(isFlag), 'must have true or false as `sends` and `guessable`'],
    [!(ttlSeconds > 0 && ttlSeconds <= limits.flowTtlSeconds), 'must have ttlSeconds above 0 and at most 600'],
    [!(dwellSeconds >= 0 && dwellSeconds <= limits.flowTtlSeconds), 'must have dwellSeconds from 0 to 600'],
    [!(resendAfterSeconds > 0), 'must have resendAfterSeconds above 0'],
    [
      !!rung.sends && !!rung.redeem && rung.guessable === undefined,
      'sends codes; say whether they are short enough to be guessed (`guessable`)',
    ],
    [
      !rung.guessable && !(codeLength > guessableDigits),
      `has codes of ${codeLength} digits, which can be guessed: it must declare \`guessable: true\``,
    ],
    // A vendor that keeps one check for each number would approve a stranger's flow when the owner
    // answers the owner's check.
    [
      !!rung.poll && !rung.redeem && rung.ownCheck !== true,
      'is only polled for its result; it must declare `ownCheck: true`, which says that each start makes a check of its own',
    ],
  ]
  return faults.find(([isWrong]) => isWrong)?.[1] ?? faultOfGrammar(rung)
}

function faultOfGrammar({ redeem, codeGrammar }: Provider): string | undefined {
  if (!redeem) return undefined
  if (!(codeGrammar instanceof RegExp)) return 'must say what its codes look like (`codeGrammar`)'
  return codeGrammar.global || codeGrammar.sticky
    ? 'must have a `codeGrammar` without the flags g and y, with which a RegExp refuses every second code'
    : undefined
}

const isName = matches(/^[a-z][a-z0-9-]*$/)

function isFlag(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean'
}

/**
 * What a challenge shows that its rung did not declare: a code that a person types came by a message,
 * and can be guessed. Without the declaration neither messages nor wrong codes would be limited.
 */
export function undeclared({ sends, guessable }: Provider, challenge: Challenge): string | undefined {
  if (challenge.type !== 'enter_code') return undefined
  if (sends === undefined) return '`sends`, whether start sends a message'
  return !(challenge.length > guessableDigits) && !guessable
    ? '`guessable: true`, as its codes can be guessed'
    : undefined
}
