// @ts-check

/**
 * The device's half of a silent login: it opens the check URL over mobile data, even while the phone is on Wi-Fi.
 *
 * Only native code can choose the network. In a mobile app put the vendor's SDK behind `open`; a
 * plain browser has none, and the page then offers the login by redirect alone. `token` is for
 * ladders with a token of the phone's system, such as Firebase PNV: without it the next way follows.
 *
 * @typedef {{ http_status: number, response_body?: Record<string, unknown> }} DeviceAnswer What the
 * SDK got from the last address of the chain
 * @typedef {{ error: string, error_description?: string }} DeviceError Why it got nothing
 * @typedef {{ kind: string, request: unknown }} TokenWanted
 * @typedef {{ open(url: string): Promise<DeviceAnswer | DeviceError>,
 * token?(wanted: TokenWanted): Promise<{ token: string } | DeviceError> }} Device
 */

/** @type {Device | null} */
export const device = null
