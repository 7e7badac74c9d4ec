import type { StartInput } from '../contracts/provider.js'
import { flowId } from '../flow/ids.js'
import type { UnsealedFlow } from '../flow/repository.js'
import { PhoneCheckError } from '../lib/errors.js'
import { publicAddress } from '../lib/ip-address.js'
import type { LoginContext, RequestContext } from './context.js'

/** What a provider is told of a flow whose check it is to create. */
export function startInput(
  { settings: { callbackUrl } }: LoginContext,
  flow: UnsealedFlow,
  { redirectUrl, deviceIp }: RequestContext,
): StartInput {
  const { delivery } = flow.record
  return {
    phoneNumber: flow.content.number.e164,
    flowId: flowId(flow.key),
    delivery,
    ...(delivery === 'redirect' && redirectUrl !== undefined && { redirectUrl }),
    ...(deviceIp !== undefined && { deviceIp }),
    ...(callbackUrl !== undefined && { callbackUrl }),
  }
}

/** The device's public address, where the provider is to be told. @throws PhoneCheckError `invalid_request` when it must be and is not known */
export function deviceIpFor({ settings }: LoginContext, deviceAddress: string | undefined): string | undefined {
  const mode = settings.deviceIp ?? 'off'
  const address = mode === 'off' ? undefined : publicAddress(deviceAddress)
  if (mode === 'require' && !address) {
    throw new PhoneCheckError('invalid_request', {
      message: "deviceIp is 'require', but the requester's public address is not known. Behind a proxy, set Express's `trust proxy`.",
    })
  }
  return address
}
