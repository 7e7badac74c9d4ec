import { emptyRecord, enterRung, type FlowRecord } from '../flow/record.js'
import { type UnsealedFlow, withoutCheck } from '../flow/repository.js'
import { isOutage, type PhoneCheckError } from '../lib/errors.js'

/**
 * Leaves a flow as true as it can be after a fallback or a resend that failed. The first line that holds decides.
 *
 * | what is known | the flow becomes |
 * |---|---|
 * | another request owns it now | untouched |
 * | nothing may follow | failed |
 * | resend: there is no new check | as it was; still charged if a message may be out, or if the provider refused one |
 * | fallback: a message may be out | pending on the new rung, without a check, its cooldown running |
 * | fallback: rungs said "unable" on the way | pending on the last of them, spent: it is not asked again |
 * | fallback: the rungs were down, or nothing happened | as it was |
 *
 * What a quota refused charged nothing. So the next step of this flow waits for as long as the
 * provider says: else its holder could keep the quota used up.
 *
 * @param charged what a resend was charged; undefined for a fallback
 */
export async function recover(
  flow: UnsealedFlow,
  before: Pick<UnsealedFlow, 'record' | 'content'>,
  problem: PhoneCheckError,
  charged: Partial<FlowRecord> | undefined,
): Promise<void> {
  if (problem.code === 'in_progress') return
  const released = { leaseUntil: undefined }
  if (problem.code === 'invalid_phone_number' || problem.details.ended) {
    await flow.write('failed', released)
    return
  }
  const pause = flow.pauseSeconds === undefined ? {} : { stepAfter: flow.ageMs + flow.pauseSeconds * 1000 }
  const asBefore = { ...emptyRecord, ...before.record, ...released, ...pause }
  // Anything but a certain "nothing went out" may have come after the message.
  const mayHaveSent = flow.sending && isOutage(problem)
  if (charged) {
    // Without this a requester could have the provider asked for messages without end: its refusal
    // says why, while a veto of ours does not.
    const refusedByProvider = problem.code === 'send_refused' && problem.details.reason !== undefined
    await flow.write('pending', { ...asBefore, ...((mayHaveSent || refusedByProvider) && charged) }, before.content)
  } else if (mayHaveSent) {
    await flow.write('pending', { ...released, sentAt: flow.ageMs })
  } else if (flow.passed) {
    const { method, reason } = flow.passed
    await flow.write(
      'pending',
      { ...enterRung(method, flow), ...released, ...pause, spent: true, reason },
      withoutCheck(before.content),
    )
  } else {
    await flow.write('pending', asBefore, before.content)
  }
}
