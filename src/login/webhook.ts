import type { CallContext, WebhookRequest } from '../contracts/provider.js'
import { asError } from '../lib/application.js'
import { fingerprint, flowId } from '../lib/crypto.js'
import { isOutage } from '../lib/errors.js'
import type { Parts } from './context.js'

/**
 * Takes a provider's announcement of a result. If it is authentic and new, the next question of the flow's starter is due at once; nothing else changes.
 * @throws PhoneCheckError `flow_invalid` when it is not authentic, `provider_unavailable` when that cannot be found out
 */
export async function takeAnnouncement(parts: Parts, request: WebhookRequest, context: CallContext): Promise<void> {
  const rungs = parts.ladder.withWebhook()
  const refusals: unknown[] = []
  for (const rung of rungs) {
    const asked = async () => rung.webhook?.(request, context)
    const announced = await asked().catch((error) => void refusals.push(asError(error, `webhook of the provider '${rung.name}'`)))
    const key = announced && (await parts.hints.follow(rung.name, announced.checkId, announced.nonce).catch(() => undefined))
    if (announced && key) await hint(parts, key, announced.checkId, rung.name).catch(() => {})
  }
  // One of several providers may have sent it; it is a forgery only if none of them did.
  if (refusals.length === rungs.length) throw refusals.find(isOutage) ?? refusals[0]
}

async function hint({ book, settings }: Parts, key: string, checkId: string, provider: string): Promise<void> {
  const held = await book.find(key)
  if (!held) return
  if (held.record.check !== fingerprint(checkId)) settings.emit({ type: 'late_result', flowId: flowId(key), provider })
  // A flow that is claimed is being asked about right now; taking its version would make that answer worthless.
  else if (held.record.state === 'pending' && !held.record.hinted) await held.replace(held.version, { ...held.record, hinted: true })
}
