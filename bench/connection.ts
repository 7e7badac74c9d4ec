import { connect, type Socket } from 'node:net'

export interface Answer {
  status: number
  /** `name=value` of each cookie that was set and not expired. */
  cookies: string[]
  body: string
}

/**
 * One keep-alive connection of a virtual user, one request at a time. Written by hand because any
 * client library costs as much as the fastest server here, and the load generator shares its core
 * with the vendor.
 */
export class Connection {
  readonly #socket: Socket
  #received = ''
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#receive(text))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  post(path: string, body: object, headers = ''): Promise<Answer> {
    const text = JSON.stringify(body)
    return this.#send(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n${headers}\r\n${text}`,
    )
  }

  get(path: string, headers = ''): Promise<Answer> {
    return this.#send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`)
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #send(text: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(text, 'latin1')
    })
  }

  #receive(text: string): void {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#received.slice(0, end)
    const body = bodyOf(head, this.#received.slice(end + 4))
    if (body === undefined) return
    this.#received = ''
    const cookies = [...head.matchAll(/\r\nset-cookie: ([^;\r]+)/gi)]
      .map(([, pair = '']) => pair)
      .filter((pair) => !pair.endsWith('='))
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), cookies, body })
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

/** @returns undefined as long as some of it is missing */
function bodyOf(head: string, rest: string): string | undefined {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return rest.length < Number(length) ? undefined : rest
  // In chunks: nobody wants to read those, they are refusals.
  return rest.endsWith('0\r\n\r\n') ? '' : undefined
}
