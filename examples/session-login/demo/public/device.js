// @ts-check
/** @import { Device, DeviceAnswer, DeviceError } from '../../public/device.js' */
import { takeDelay } from './delay.js'
import { call } from './remote.js'

/**
 * Stands in for the app's `/device.js`: here the phone is the one that is drawn on the page.
 *
 * @type {Device}
 */
export const device = {
  async open(url) {
    /** @type {DeviceAnswer | DeviceError} */
    const answer = await call('POST', '/demo/phone/open', { url })
    const seconds = takeDelay()
    if (seconds > 0) await call('POST', '/demo/clock', { seconds })
    return answer
  },
  token(wanted) {
    return call('POST', '/demo/phone/token', wanted)
  },
}
