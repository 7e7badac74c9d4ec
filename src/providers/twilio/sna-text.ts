import { isObject, textOf } from '../../lib/json.js'

const tokenGrammar = /^[\x21-\x7e]{8,2048}$/
const bareGrammar = /^[\w.~-]{16,2048}$/

/**
 * What the device read at the end of the URL: a form such as `ErrorCode=0&ErrorDescription=Success&…`
 * with the client token under a name that ends in "token", the same as JSON, or the token alone.
 * Twilio documents only that there is one.
 * @returns undefined for a text without a token
 */
export function readSnaText(page: string): { token: string } | { errorCode: number } | undefined {
  const text = page.replace(/\r?\n$/, '')
  const fields = fieldsOf(text)
  if (fields.length === 0) return bareGrammar.test(text) ? { token: text } : undefined
  const errorCode = fields.find(([key]) => key === 'ErrorCode')?.[1] ?? ''
  if (errorCode !== '0') return /^-?[0-9]{1,6}$/.test(errorCode) ? { errorCode: Number(errorCode) } : undefined
  const tokens = fields.filter(([key, value]) => /token$/i.test(key) && tokenGrammar.test(value))
  const [[, token] = ['', undefined]] = tokens
  // Two of them: which is meant cannot be told.
  return token !== undefined && tokens.length === 1 ? { token } : undefined
}

function fieldsOf(text: string): [string, string][] {
  if (text.startsWith('{')) {
    const value = parse(text)
    return Object.entries(value).map(([key, field]) => [key, typeof field === 'number' ? String(field) : textOf(field)])
  }
  return text.includes('=') ? [...new URLSearchParams(text)] : []
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
