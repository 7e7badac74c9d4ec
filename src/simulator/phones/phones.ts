import { randomBytes } from 'node:crypto'
import { e164 } from './number.js'
import type { InboxItem } from './phone-record.js'
import { type PhoneSurroundings, VirtualPhone } from './virtual-phone.js'

export type Network = 'mobile' | 'wifi'

/** A phone as the vendor sees it on one request. */
export interface Device {
  readonly phone: VirtualPhone
  readonly network: Network
  readonly ip: string
}

/** All virtual phones, by number, by address and by line. */
export class Phones {
  /**
   * The phone on which every browser without a line header is running; null: on the phone of the
   * number that its check is for.
   */
  browserPhone: VirtualPhone | null = null
  readonly #surroundings: Omit<PhoneSurroundings, 'lines'>
  readonly #phones = new Map<string, VirtualPhone>()
  readonly #byIp = new Map<string, Device>()
  readonly #byLine = new Map<string, Device>()

  constructor(surroundings: Omit<PhoneSurroundings, 'lines'>) {
    this.#surroundings = surroundings
  }

  /**
   * The phone of that number, made on first use with its own SIM in it.
   * @throws TypeError when the number is not E.164 with a plus.
   */
  get(number: string): VirtualPhone {
    if (!number.startsWith('+') || e164(number) === undefined)
      throw new TypeError('phone(number): the number must be E.164 with a plus, like +12025550100')
    return this.#phones.get(number) ?? this.#make(number)
  }

  /** The phone of that number, if anyone has asked for it. */
  known(number: string): VirtualPhone | undefined {
    return this.#phones.get(number)
  }

  /** Brings a message or call to the SIM of that number, wherever it sits; whether it sits anywhere. */
  receive(number: string, item: InboxItem): boolean {
    // A phone that nobody has asked for yet exists nevertheless.
    this.get(number)
    const holders = [...this.#phones.values()].filter((phone) => phone.sim === number)
    for (const holder of holders) holder.receive(item)
    return holders.length > 0
  }

  byIp(ip: string): Device | undefined {
    return this.#byIp.get(ip)
  }

  /** Who sends a request with that line header. */
  sender(line: string | undefined): Device | undefined {
    if (line !== undefined) return this.#byLine.get(line)
    return this.browserPhone === null ? undefined : inUse(this.browserPhone)
  }

  /**
   * The phone of that number as a visitor who is no virtual phone uses it. Its address is what the
   * app said it was: the visitor's own is a loopback one.
   */
  visitor(number: string, ip: string | null): Device {
    const device = inUse(this.get(number))
    return ip === null ? device : { ...device, ip }
  }

  #make(number: string): VirtualPhone {
    // Both blocks are global unicast to any address library; a number of our own in them keeps phones apart.
    const index = this.#phones.size
    const host = `${(index >> 14) & 255}.${(index >> 7) & 127}.${(index & 127) + 1}`
    const lines = { mobile: randomBytes(24).toString('base64url'), wifi: randomBytes(24).toString('base64url') }
    const phone = new VirtualPhone(
      number,
      { mobile: `30.${host}`, wifi: `29.${host}` },
      { ...this.#surroundings, lines },
    )
    this.#phones.set(number, phone)
    for (const network of ['mobile', 'wifi'] as const) {
      const device: Device = { phone, network, ip: network === 'mobile' ? phone.ip : phone.wifiIp }
      this.#byIp.set(device.ip, device)
      this.#byLine.set(lines[network], device)
    }
    return phone
  }
}

function inUse(phone: VirtualPhone): Device {
  return phone.online ? { phone, network: 'mobile', ip: phone.ip } : { phone, network: 'wifi', ip: phone.wifiIp }
}

/** Unmaps `::ffff:a.b.c.d`. */
export function plainIp(ip: string): string {
  return ip.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
}
