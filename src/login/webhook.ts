import type { WebhookRequest } from '../contracts/provider.js'
import { asError } from '../lib/application.js'
import { fingerprint } from '../lib/crypto.js'
import { isOutage } from '../lib/errors.js'
import { callContext, createRequestContext, type LoginContext } from './context.js'

/**
 * Takes a provider's announcement of a result. If it is authentic and new, the next question of the
 * flow's starter is due at once; nothing else changes.
 * @throws PhoneCheckError `flow_invalid` when it is not authentic, `provider_unavailable` when that cannot be found out
 */
export async function takeAnnouncement(login: LoginContext, request: WebhookRequest): Promise<void> {
  const context = createRequestContext(login, { requester: { address: undefined } })
  const rungs = login.ladder.withWebhook()
  const refusals: unknown[] = []
  for (const rung of rungs) {
    const asked = async () => rung.webhook?.(request, callContext(login, rung, context))
    const announced = await asked().catch(
      (error) => void refusals.push(asError(error, `webhook of the method '${rung.name}'`)),
    )
    const key =
      announced &&
      (await login.checkIndex.resolveOnce(rung.name, announced.checkId, announced.nonce).catch(() => undefined))
    if (announced && key) await announceResult(login, key, announced.checkId, rung.name).catch(() => {})
  }
  // One of several providers may have sent it; it is a forgery only if none of them did.
  if (refusals.length === rungs.length) throw refusals.find(isOutage) ?? refusals[0]
}

async function announceResult(
  { flows, settings }: LoginContext,
  key: string,
  checkId: string,
  method: string,
): Promise<void> {
  const stored = await flows.find(key)
  if (!stored) return
  const { id, record } = stored
  if (record.check !== fingerprint(checkId)) settings.emit({ type: 'late_result', flowId: id, method })
  // A flow that is claimed is being asked about right now; taking its version would make that answer worthless.
  else if (record.state === 'pending' && !record.resultAnnounced)
    await flows.replace(stored, { ...record, resultAnnounced: true })
}
