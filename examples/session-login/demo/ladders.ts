import { generateKeyPairSync } from 'node:crypto'
import {
  type Clock,
  camaraNumberVerification,
  camaraOtpSms,
  firebasePnv,
  idenfySms,
  moCheck,
  type OwnSmsOptions,
  ownSms,
  type Provider,
  phoneCheck,
  twilioVerify,
  vonageVerify,
} from 'passport-phonecheck'
import type { Party } from './protocol-log.js'

/** Where the operator sends the phone of an app, which hands over what it finds in that address. */
export const operatorReturn = '/demo/operator-return'

export interface Surroundings {
  simulatorUrl: string
  origin: string
  clock: Clock
  /** Delivers a message of the app's own. */
  send: OwnSmsOptions['send']
}

/** One vendor's ways to sign in, as the page offers them. */
export interface DemoLadder {
  /** For the button. */
  readonly name: string
  /** The ways in their order, in words. */
  readonly ways: string
  /** Who sends its codes. */
  readonly sender: Party
  /** The scenarios that make sense with it. */
  readonly scenarios: readonly string[]
  rungs(surroundings: Surroundings): Provider[]
}

export type LadderName = keyof typeof ladders

const silent = ['success', 'wrong-sim', 'wifi-only', 'unsupported', 'expired']

export const ladders = {
  idlayr: {
    name: 'IDlayr',
    ways: 'PhoneCheck, then a text to us, then a code by iDenfy.',
    sender: 'iDenfy',
    scenarios: [...silent, 'text', 'code'],
    rungs({ simulatorUrl: baseUrl, clock }) {
      const idlayr = { brand: 'idlayr', baseUrl, clientId: 'demo', clientSecret: 'demo', clock } as const
      return [
        phoneCheck(idlayr),
        moCheck(idlayr),
        idenfySms({ baseUrl, apiKey: 'demo', apiSecret: 'demo', senderName: 'Acme', clock }),
      ]
    },
  },
  vonage: {
    name: 'Vonage',
    ways: 'Silent Authentication, then a code by SMS, then one by the app’s own gateway.',
    sender: 'Vonage',
    scenarios: [...silent, 'code'],
    rungs({ simulatorUrl: baseUrl, clock, send }) {
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      })
      const account = { brand: 'Acme', applicationId: 'demo-application', privateKey, baseUrl, clock }
      return [
        vonageVerify({ ...account, channel: 'silent_auth' }),
        vonageVerify({ ...account, channel: 'sms' }),
        // Vonage has one request for each number at a time: a rung of somebody else's is there to go on to.
        ownSms({ brand: 'Acme', send, clock }),
      ]
    },
  },
  camara: {
    name: 'CAMARA',
    ways: 'Number Verification by the operator, then a code of the operator.',
    sender: 'Operator',
    scenarios: [...silent.filter((name) => name !== 'unsupported'), 'code'],
    rungs({ simulatorUrl, origin, clock }) {
      const operator = {
        tokenUrl: `${simulatorUrl}/camara/token`,
        apiRoot: simulatorUrl,
        clientId: 'demo',
        clientAuth: { kind: 'basic', clientSecret: 'demo' },
        clock,
      } as const
      return [
        camaraNumberVerification({
          ...operator,
          authorizeUrl: `${simulatorUrl}/camara/authorize`,
          redirectUri: origin + operatorReturn,
        }),
        camaraOtpSms({ ...operator, message: '{{code}} is your code for Acme' }),
      ]
    },
  },
  pnv: {
    name: 'Firebase PNV',
    ways: 'A token of the Android phone itself, on Wi-Fi too, then a code by the app’s own gateway.',
    sender: 'Gateway',
    scenarios: [...silent.filter((name) => name !== 'expired'), 'code'],
    rungs: ({ simulatorUrl, clock, send }) => [
      firebasePnv({ projectNumber: '123456789012', projectId: 'demo-project', baseUrl: simulatorUrl, clock }),
      ownSms({ brand: 'Acme', send, clock }),
    ],
  },
  twilio: {
    name: 'Twilio',
    ways: 'A code by SMS, then the same code by a call.',
    sender: 'Twilio',
    scenarios: ['code'],
    rungs({ simulatorUrl: baseUrl, clock }) {
      const account = { serviceSid: `VA${'0'.repeat(32)}`, accountSid: `AC${'0'.repeat(32)}`, authToken: 'demo' }
      return [
        twilioVerify({ ...account, channel: 'sms', baseUrl, clock }),
        twilioVerify({ ...account, channel: 'call', baseUrl, clock }),
      ]
    },
  },
  own: {
    name: 'Own SMS',
    ways: 'A code that the app itself makes, by a gateway of its own.',
    sender: 'Gateway',
    scenarios: ['code'],
    rungs: ({ clock, send }) => [ownSms({ brand: 'Acme', send, clock })],
  },
} as const satisfies Record<string, DemoLadder>

export function isLadderName(value: unknown): value is LadderName {
  return typeof value === 'string' && Object.hasOwn(ladders, value)
}
