import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { needs, specsFolder } from '../../support/needs.js'
import type { JsonObject, SpecMistake } from './json.js'
import { type Operation, operationsOf } from './spec.js'

export const twilioSpecFound = needs['twilio-spec'].isMet()

/** What Verify v2 has for one Verification and its codes: a small part of the document. */
export function readTwilioOperations(mistakes: readonly SpecMistake[]): Operation[] {
  const { paths, components }: { paths: JsonObject; components: JsonObject } = parse(
    readFileSync(`${specsFolder}/twilio_verify_v2.yaml`, 'utf8'),
  )
  const wanted = Object.entries(paths).filter(([path]) => /\/\{ServiceSid\}\/Verification(Check|s)/.test(path))
  return operationsOf('twilio', JSON.stringify({ paths: Object.fromEntries(wanted), components }), mistakes)
}
