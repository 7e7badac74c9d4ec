import type { Simulator, VirtualPhone } from 'passport-phonecheck/simulator'

export const help = `This terminal is the phone:
  data off            Wi-Fi only; \`data on\` is mobile data again
  send <to> <text>    sends a text
  sim <number>        puts another SIM in`

/** One phone, told by lines what to do; prints the texts and calls that reach it. */
export class TerminalPhone {
  readonly #handset: VirtualPhone
  readonly #print: (line: string) => void
  #printed = 0

  constructor(sim: Simulator, print: (line: string) => void, number = '+12025550100') {
    this.#handset = sim.phone(number)
    this.#print = print
    // The visitor's browser plays the browser of this phone.
    sim.browserPhone = this.#handset
    sim.onMessage(() => setImmediate(() => this.#printInbox()))
  }

  get number(): string {
    return this.#handset.number
  }

  /** Address from which the phone's requests come. */
  get address(): string {
    return this.#handset.online ? this.#handset.ip : this.#handset.wifiIp
  }

  async obey(line: string): Promise<void> {
    const [verb, first = '', ...rest] = line.trim().split(/\s+/)
    try {
      if (verb === 'data') this.#handset.mobileData = first === 'on'
      else if (verb === 'sim') this.#handset.sim = first
      else if (verb === 'send') this.#print(`phone: ${await this.#handset.send(first, rest.join(' '))}`)
      else this.#print(help)
    } catch (error) {
      this.#print(`phone: ${error instanceof Error ? error.message : error}`)
    }
  }

  #printInbox(): void {
    const { inbox } = this.#handset
    for (const { kind, from, text } of inbox.slice(this.#printed)) this.#print(`phone: ${kind} from ${from}: ${text}`)
    this.#printed = inbox.length
  }
}
