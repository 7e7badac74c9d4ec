import { createElement, StrictMode } from 'react'
import { create, type ReactTestInstance, type ReactTestRenderer } from 'react-test-renderer'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { root as repository } from '../architecture/sources.js'
import { codeIn, device, number, type Server, startServer } from '../support/examples/react-native.js'

// React is real. Of React Native, which cannot be loaded here, each component is a host element, as in its own tests.
const native = vi.hoisted(() => ({
  opened: [] as string[],
  canWrite: true,
  secrets: new Map<string, string>(),
  open: vi.fn(),
  firebasePnv: vi.fn(),
}))
vi.mock('react-native', () => ({
  ...Object.fromEntries(['View', 'Text', 'TextInput', 'Pressable', 'ActivityIndicator'].map((name) => [name, name])),
  NativeModules: { PhoneTokens: { firebasePnv: native.firebasePnv } },
  StyleSheet: { create: (styles: object) => styles },
  Linking: {
    async openURL(url: string) {
      if (!native.canWrite) throw new Error('no app for texts')
      native.opened.push(url)
    },
  },
}))
vi.mock('@tru_id/tru-sdk-react-native', () => ({ default: { openWithDataCellular: native.open } }))
vi.mock('expo-secure-store', () => ({
  AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 'after first unlock',
  getItemAsync: async (key: string) => native.secrets.get(key) ?? null,
  setItemAsync: async (key: string, value: string) => void native.secrets.set(key, value),
  getItem: (key: string) => native.secrets.get(key) ?? null,
  setItem: (key: string, value: string) => void native.secrets.set(key, value),
  deleteItemAsync: async (key: string) => void native.secrets.delete(key),
}))

/** Where something is in the secure store; an empty text is nothing. */
const kept = () => [...native.secrets.keys()].filter((key) => native.secrets.get(key)).sort()

/** For busy machines. */
const patient = { timeout: 60_000 }

let complaints: unknown[][]
beforeEach(() => {
  complaints = []
  native.opened.length = 0
  native.canWrite = true
  native.secrets.clear()
  // React Native's own tests set it; without it the renderer only says that it is meant for them.
  vi.stubGlobal('IS_REACT_NATIVE_TEST_ENVIRONMENT', true)
  vi.spyOn(console, 'error').mockImplementation((...words) => void complaints.push(words))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  expect(complaints).toEqual([])
})

class Screen {
  readonly #renderer: ReactTestRenderer

  constructor(element: Parameters<typeof create>[0]) {
    const options = { createNodeMock: () => null, unstable_isConcurrent: true }
    this.#renderer = create(createElement(StrictMode, null, element), options)
    onTestFinished(() => this.#renderer.unmount())
  }

  get text(): string {
    return JSON.stringify(this.#renderer.toJSON())
  }

  leave(): void {
    this.#renderer.unmount()
  }

  async press(title: string): Promise<void> {
    const button = await this.#find('Pressable', ({ children }) => words(children).includes(title))
    if (button.props['disabled']) throw new Error(`${title} is disabled`)
    button.props['onPress']()
  }

  async type(label: string, text: string): Promise<ReactTestInstance> {
    const field = await this.#find('TextInput', ({ props }) => props['accessibilityLabel'] === label)
    field.props['onChangeText'](text)
    return field
  }

  async shows(words: string): Promise<void> {
    await expect.poll(() => this.text, patient).toContain(words)
  }

  #find(type: string, is: (element: ReactTestInstance) => boolean): Promise<ReactTestInstance> {
    return vi.waitFor(
      () => this.#renderer.root.find((element) => (element.type as unknown) === type && is(element)),
      patient,
    )
  }
}

function words(children: readonly (ReactTestInstance | string)[]): string {
  return children.map((child) => (typeof child === 'string' ? child : words(child.children))).join('')
}

async function signIn(screen: Screen, typed = number): Promise<void> {
  await screen.type('Mobile number', typed)
  await screen.shows(`"value":"${typed}"`)
  await screen.press('Sign in')
}

describe('the screen under React', () => {
  async function startScreen(): Promise<{ server: Server; screen: Screen; made: ReturnType<typeof device> }> {
    const { PhoneLoginScreen } = await import('../../examples/react-native/phone-login-screen.tsx')
    const { simulatedPhone } = await import('../../examples/react-native/simulated-phone.ts')
    const server = await startServer()
    const made = device(server)
    const settings = {
      api: server.url,
      open: simulatedPhone(server.sim.url, number),
      session: made.session,
      clock: server.clock,
    }
    const screen = new Screen(createElement(PhoneLoginScreen, settings))
    return { server, screen, made }
  }

  test('silently: a number, a button, and nothing to type', async () => {
    const { screen, made } = await startScreen()
    await signIn(screen)
    await expect.poll(made.session.signedIn, patient).toBe(true)
    expect((await made.session.request('/me')).status).toBe(200)
  })

  test('without mobile data: says what would help, writes the text, and goes on by itself', async () => {
    const { server, screen, made } = await startScreen()
    server.sim.phone(number).mobileData = false
    await signIn(screen)
    await screen.shows('Turn mobile data on')
    await screen.press('Write the text')
    const [, to = '', body = ''] = /^sms:([^?]+)\?&?body=(.+)$/.exec(native.opened[0] ?? '') ?? []
    expect(await server.sim.phone(number).send(to, decodeURIComponent(body))).toBe('delivered')
    await server.sim.settled()
    await server.clock.advance(3_000)
    await expect.poll(made.session.signedIn, patient).toBe(true)
  })

  test('mobile data switched on: the silent way again', async () => {
    const { server, screen, made } = await startScreen()
    server.sim.phone(number).mobileData = false
    await signIn(screen)
    await screen.shows('Write the text')
    server.sim.phone(number).mobileData = true
    await screen.press('Try again without typing')
    await expect.poll(made.session.signedIn, patient).toBe(true)
  })

  test('where no app writes texts, it shows what to send to whom', async () => {
    const { server, screen } = await startScreen()
    server.sim.phone(number).mobileData = false
    native.canWrite = false
    await signIn(screen)
    await screen.shows('Write the text')
    expect(screen.text).not.toContain('selectable')
    await screen.press('Write the text')
    await screen.shows('selectable')
  })

  test('a code: the keyboard may offer it, a wrong one is said, the last digit sends it', async () => {
    const { server, screen, made } = await startScreen()
    server.sim.phone(number).mobileData = false
    await signIn(screen)
    await screen.shows('Get a code instead')
    await server.clock.advance(20_000)
    await screen.press('Get a code instead')
    const code = await vi.waitFor(async () => {
      // A poll that is in the server's hands when fallback comes makes it wait a second of this clock.
      if (!codeIn(server.sim)) await server.clock.advance(1_000)
      return codeIn(server.sim) || Promise.reject(new Error('no code yet'))
    }, patient)
    const field = await screen.type('Code', code === '0000' ? '0001' : '0000')
    expect(field.props).toMatchObject({ textContentType: 'oneTimeCode', autoComplete: 'sms-otp', maxLength: 4 })
    await screen.shows('That is not the code.')
    expect(screen.text).toMatch(/Tries left: .*2/)
    await screen.type('Code', code.slice(0, 3))
    await screen.shows(`"value":"${code.slice(0, 3)}"`)
    expect(screen.text).not.toContain('Type all digits')
    await screen.type('Code', code)
    await expect.poll(made.session.signedIn, patient).toBe(true)
  })

  test('a number that cannot sign in is said, and can be corrected', async () => {
    const { screen, made } = await startScreen()
    await signIn(screen, '+1 202')
    await screen.shows('Check the number.')
    await signIn(screen)
    await expect.poll(made.session.signedIn, patient).toBe(true)
  })

  test('an outage offers the same step again', async () => {
    const { server, screen, made } = await startScreen()
    server.before = () => 503
    await signIn(screen)
    await screen.shows('Something went wrong')
    server.before = () => undefined
    await screen.press('Try again')
    await expect.poll(made.session.signedIn, patient).toBe(true)
  })

  test('asks for nothing more once it is gone', async () => {
    const { server, screen } = await startScreen()
    server.sim.phone(number).mobileData = false
    await signIn(screen)
    await screen.shows('Write the text')
    const waiting = server.clock.pending
    screen.leave()
    await expect.poll(() => server.clock.pending, patient).toBeLessThan(waiting)
    await server.clock.advance(30_000)
    await new Promise(setImmediate)
    expect(server.count('/login/phone/status')).toBe(0)
  })
})

test('the app as it is released: after Android has no token the vendor’s SDK signs in, the secure store keeps it, signing out leaves nothing but that the server knows the device', async () => {
  const server = await startServer({ pnv: true })
  const { fetch } = globalThis
  vi.stubGlobal('__DEV__', false)
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    fetch(url.replace('https://api.example', server.url), init),
  )
  native.open.mockImplementation(async (url: string) => {
    const { status, body, ...failure } = await server.sim.phone(number).open(url)
    return status === undefined ? failure : { http_status: status, response_body: body }
  })
  native.firebasePnv.mockRejectedValue(Object.assign(new Error('native'), { code: 'pnv/carrier-not-supported' }))
  const { App } = await import('../../examples/react-native/app.tsx')
  const screen = new Screen(createElement(App))
  await signIn(screen)
  await screen.shows('proven')
  expect(native.firebasePnv).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^[\w-]{43}$/))
  expect(server.events).toContainEqual(expect.objectContaining({ type: 'rung_spent', reason: 'mno_not_supported' }))
  expect(kept()).toEqual(['phone-login.device', 'phone-login.refresh-token'])
  await screen.press('Sign out')
  await screen.shows('Mobile number')
  expect(kept()).toEqual(['phone-login.device'])
  await expect.poll(() => server.count('/token/logout'), patient).toBe(1)
})

test.each([
  ['as strictly as we do', {}],
  [
    'as the templates of React Native and Expo do',
    { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false },
  ],
])('type-checks with neither React Native nor a browser’s names, %s', (_, own) => {
  const { config } = ts.readConfigFile(`${repository}examples/react-native/tsconfig.json`, ts.sys.readFile)
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(
    config,
    ts.sys,
    `${repository}examples/react-native`,
  )
  const complaints = ts
    .getPreEmitDiagnostics(ts.createProgram(fileNames, { ...options, ...own }))
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  expect([...errors, ...complaints]).toEqual([])
  expect(fileNames.length).toBeGreaterThan(10)
  expect(options.lib).toEqual(['lib.es2023.d.ts'])
})
