import type { MessageRecord } from 'passport-phonecheck/simulator'

/** What a step means, in words for somebody who sees the protocol for the first time. */
type Sentence = string | ((status: number) => string)

const ok = (good: string, bad: string) => (status: number) => (status < 400 ? good : bad)

/** First match wins. A pattern is matched against method and path without query. */
const steps: readonly [pattern: RegExp, sentence: Sentence][] = [
  [/^POST \/login\/phone$/, ok('The page asks to sign in; the phone will bring the code back.', 'Refused at the start: no check is open.')],
  [
    /^POST \/login\/phone\/browser$/,
    ok(
      'The page asks to sign in; this browser itself will go to the operator and come back.',
      'Refused at the start, so the browser stays here.',
    ),
  ],
  [
    /^POST \/login\/phone\/verify$/,
    ok('The page hands in what it has. The number is proven: a session begins.', 'The page hands in the result. Nobody is signed in.'),
  ],
  [
    /^POST \/login\/phone\/fallback$/,
    (status) => {
      if (status === 409) return 'Too early: the present way still has a chance.'
      return status < 400 ? 'The page asks for the next way. Which one that is, the app decides.' : 'There is no next way now.'
    },
  ],
  [/^POST \/login\/phone\/resend$/, ok('The page asks for another code.', 'No other code now. The last one is as good as it was.')],
  [/^POST \/login\/phone\/status$/, 'The page asks how far the login is. This signs nobody in.'],
  [
    /^GET \/login\/phone\/return$/,
    (status) =>
      status === 302
        ? 'The browser is back with the code. The SIM matched: a session begins.'
        : 'The browser is back. Nobody is signed in.',
  ],
  [
    /^POST \/mo_check\/v0\.1\/checks$/,
    ok(
      'The app asks for a text that the user is to send, and the number it is to go to.',
      'No check: this number cannot be asked for a text.',
    ),
  ],
  [
    /^GET \/mo_check\/v0\.1\/checks\/[^/]+$/,
    ok('The app asks whether the text has arrived, and from which SIM. Only this answer counts.', 'There is no answer.'),
  ],
  [
    /^POST \/fraud\/send-sms$/,
    ok('The app has a code sent. It never learns which; only iDenfy knows.', 'No code is sent: another one to this number is still open.'),
  ],
  [/^POST \/fraud\/verify-sms$/, ok('The app asks iDenfy whether that was the code.', 'iDenfy cannot say.')],
  [/^GET \/\.well-known\/jwks\.json$/, 'The app fetches the keys with which IDlayr signs, and keeps them.'],
  [/^POST \/logout$/, 'The session ends.'],
  [/^POST \/oauth2\/v1\/token$/, 'The app fetches an access token, and keeps it for the logins to come.'],
  [
    /^POST \/phone_check\/v0\.2\/checks$/,
    (status) => {
      if (status === 412) return 'No check: the address of the device is not on a mobile network.'
      return status < 400
        ? 'A check for this number is created. Its URL is for the phone alone.'
        : 'No check: the operator of this number is not supported.'
    },
  ],
  [
    /^GET \/phone_check\/v0\.2\/checks\/[^/]+\/redirect$/,
    (status) => {
      if (status === 412) return 'This device is not on mobile data, so no operator could recognise it.'
      return status < 400 ? 'The check URL is opened over mobile data and leads on to the operator.' : 'The check URL cannot be used.'
    },
  ],
  [/^GET \/_operator\/1$/, 'The operator recognises the SIM by its data connection.'],
  [/^GET \/_operator\/\d+$/, 'A code comes back. A wrong SIM gets one too: the code alone proves nothing.'],
  [
    /^PATCH \/phone_check\/v0\.2\/checks\/[^/]+$/,
    ok('The app exchanges the code. Only this answer says whether the SIM matched.', 'The code is not accepted.'),
  ],
]

/** @param status null as long as there is no answer */
export function explain(method: string, path: string, status: number | null): string {
  const call = `${method} ${path.split('?', 1)[0]}`
  const sentence = steps.find(([pattern]) => pattern.test(call))?.[1] ?? ''
  if (typeof sentence === 'string') return sentence
  return status === null ? 'Under way…' : sentence(status)
}

/** The same for what travels besides the requests. `isOurs`: to or from the phone that is shown. */
export function explainMessage(message: MessageRecord, isOurs: boolean): string {
  if (message.kind === 'callback') {
    if (message.status === 200) return 'IDlayr announces a result, signed. It is a hint and proves nothing: the app will ask sooner.'
    return 'IDlayr announces a result, and is not heard. It will try again.'
  }
  if (message.direction === 'from_phone') {
    return message.delivered ? 'The text goes out. The network says from which SIM it came.' : 'The text goes to a number that nobody has.'
  }
  const what = message.kind === 'call' ? 'A voice call with the code' : 'A text with the code'
  if (!message.delivered) return `${what} finds no phone with that SIM.`
  return isOurs ? `${what} reaches the phone.` : `${what} reaches another phone, which has the SIM of that number.`
}
