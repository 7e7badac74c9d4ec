import type { PhoneIdentity } from 'passport-phonecheck'

/** What a session keeps of the login that began it. */
export type SignInProof = Pick<PhoneIdentity, 'method' | 'assurance'>

interface Words {
  how: string
  why: string
  assurance: string
}

const silent = {
  how: 'Signed in by your SIM, silently',
  why: 'Your SIM proved that this number is yours. There was no password to type, and there is none to steal.',
}
const code = {
  how: 'Signed in by a code sent to your phone',
  why: 'You can read the texts of this number. That is the weakest proof of the three: ask for more before anything that matters.',
}
const words: Record<string, Omit<Words, 'assurance'>> = {
  phonecheck: silent,
  'firebase-pnv': silent,
  'number-verification': silent,
  'vonage-silent': silent,
  mocheck: {
    how: 'Signed in by a text from your phone',
    why: 'Your operator confirmed from which SIM the text came. There was no code to type, and no password to steal.',
  },
  'idenfy-sms': code,
  'camara-otp-sms': code,
  'own-sms': code,
  'twilio-call': code,
  'twilio-sms': code,
  'vonage-sms': code,
}
const unknown = { how: 'Signed in by your phone', why: '' }

/** The same in words for the home page. */
export function proofOf(proof: SignInProof | undefined): Words {
  return { ...(words[proof?.method ?? ''] ?? unknown), assurance: proof?.assurance ?? 'low' }
}
