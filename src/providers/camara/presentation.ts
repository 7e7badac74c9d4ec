import { isObject } from '../../lib/json.js'

/**
 * The one SD-JWT of a device's answer by digital credentials (OpenID4VP over the DC API), in its one
 * exact form: `<Issuer JWT>~<Binding JWT>`. With more parts, or a second presentation, what we read
 * might not be what the aggregator reads.
 */
export function readPresentation(json: string, protocol: string, credentialId: string): string | undefined {
  const answer = parseObject(json)
  const data = answer?.['protocol'] === protocol ? answer['data'] : undefined
  const tokens = isObject(data) ? data['vp_token'] : undefined
  if (!isObject(tokens) || Object.keys(tokens).join() !== credentialId) return undefined
  const presentations = tokens[credentialId]
  const [token, ...others] = Array.isArray(presentations) ? (presentations as unknown[]) : []
  return typeof token === 'string' && others.length === 0 && presentationGrammar.test(token) ? token : undefined
}

/** What the Binding JWT says. Its signature is verified by the aggregator, which gets the same text. */
export function bindingClaims(token: string): Record<string, unknown> | undefined {
  const payload = presentationGrammar.exec(token)?.[1]
  return payload === undefined ? undefined : parseObject(Buffer.from(payload, 'base64url').toString('utf8'))
}

const jwt = '[\\w-]+\\.[\\w-]+\\.[\\w-]+'
const presentationGrammar = new RegExp(`^${jwt}~[\\w-]+\\.([\\w-]+)\\.[\\w-]+$`)

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
