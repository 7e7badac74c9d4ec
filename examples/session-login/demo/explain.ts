import type { MessageRecord } from 'passport-phonecheck/simulator'

/** What a step means, in words for somebody who sees the protocol for the first time. */
type Sentence = string | ((status: number) => string)

const ok = (good: string, bad: string) => (status: number) => (status < 400 ? good : bad)

/** What the page asks of the app, and what it is answered. First match wins. */
const asked: readonly [pattern: RegExp, question: string, answer: Sentence][] = [
  [
    /^POST \/login\/phone$/,
    'The page asks to sign in; the phone will bring the code back.',
    ok('The login has begun, and the page is told what the phone must do.', 'Refused at the start: no check is open.'),
  ],
  [
    /^POST \/login\/phone\/browser$/,
    'The page asks to sign in; this browser itself will go to the operator and come back.',
    ok('The login has begun, and the page is told where to go.', 'Refused at the start, so the browser stays here.'),
  ],
  [
    /^POST \/login\/phone\/verify$/,
    'The page hands in what it has.',
    ok('The number is proven: a session begins.', 'Nobody is signed in.'),
  ],
  [
    /^POST \/login\/phone\/fallback$/,
    'The page asks for the next way. Which one that is, the app decides.',
    (status) => {
      if (status === 409) return 'Too early: the present way still has a chance.'
      return status < 400 ? 'The next way is open.' : 'There is no next way now.'
    },
  ],
  [
    /^POST \/login\/phone\/resend$/,
    'The page asks for another code.',
    ok('Another code is on its way.', 'No other code now. The last one is as good as it was.'),
  ],
  [/^POST \/login\/phone\/status$/, 'The page asks how far the login is.', 'This signs nobody in.'],
  [
    /^GET \/login\/phone\/return$/,
    'The browser is back from the operator.',
    (status) => (status === 302 ? 'The SIM matched: a session begins.' : 'Nobody is signed in.'),
  ],
  [/^POST \/logout$/, 'The user signs out.', 'The session ends.'],
]

/** The calls between servers and devices. A pattern is matched against method and path without query. */
const steps: readonly [pattern: RegExp, sentence: Sentence][] = [
  [
    /^POST \/mo_check\/v0\.1\/checks$/,
    ok(
      'The app asks for a text that the user is to send, and the number it is to go to.',
      'No check: this number cannot be asked for a text.',
    ),
  ],
  [
    /^GET \/mo_check\/v0\.1\/checks\/[^/]+$/,
    ok(
      'The app asks whether the text has arrived, and from which SIM. Only this answer counts.',
      'There is no answer.',
    ),
  ],
  [
    /^POST \/fraud\/send-sms$/,
    ok(
      'The app has a code sent. It never learns which; only iDenfy knows.',
      'No code is sent: another one to this number is still open.',
    ),
  ],
  [/^POST \/fraud\/verify-sms$/, ok('The app asks iDenfy whether that was the code.', 'iDenfy cannot say.')],
  [/^GET \/\.well-known\/jwks\.json$/, 'The app fetches the keys with which IDlayr signs, and keeps them.'],
  [
    /^GET \/v1beta\/jwks$/,
    ok('The app fetches the keys with which Google signs, and keeps them.', 'The app gets no keys of Google.'),
  ],
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
      return status < 400
        ? 'The check URL is opened over mobile data and leads on to the operator.'
        : 'The check URL cannot be used.'
    },
  ],
  [
    /^POST \/v2\/verify\/$/,
    (status) => {
      if (status === 409) return 'Vonage keeps one request for each number, and one is open.'
      return status < 400
        ? 'The app asks Vonage for a request with one step.'
        : 'No request: Vonage cannot check this number.'
    },
  ],
  [/^DELETE \/v2\/verify\/[^/]+$/, 'The app cancels the request that it leaves behind, so that the number is free.'],
  [
    /^GET \/v2\/verify\/[^/]+\/silent-auth\/redirect$/,
    ok('The check URL is opened over mobile data and leads on to the operator.', 'The check URL cannot be used.'),
  ],
  [
    /^POST \/v2\/verify\/[^/]+$/,
    ok('The app hands the code to Vonage. Only its “completed” counts.', 'Vonage does not accept the code.'),
  ],
  [
    /^GET \/_operator\/vonage\/[^/]+\/\d+$/,
    ok('The operator recognises the SIM by its data connection.', 'The operator says no, and there is no code.'),
  ],
  [
    /^POST \/v2\/Services\/[^/]+\/Verifications$/,
    ok('The app has Twilio send a code. Twilio keeps one Verification for each number.', 'Twilio sends no code.'),
  ],
  [
    /^POST \/v2\/Services\/[^/]+\/VerificationCheck$/,
    ok('The app asks Twilio whether that was the code. “approved” is the only yes.', 'Twilio cannot say.'),
  ],
  [
    /^GET \/camara\/authorize$/,
    'The phone opens the operator’s authorization endpoint over mobile data. The operator recognises its SIM, and sends it back.',
  ],
  [/^POST \/camara\/token$/, ok('The app fetches a token from the operator.', 'The operator gives no token for that.')],
  [
    /^POST \/number-verification\/v2\/verify$/,
    ok(
      'The app asks the operator whether the SIM has the number. Only this answer counts.',
      'The operator cannot say.',
    ),
  ],
  [
    /^POST \/one-time-password-sms\/v1\/send-code$/,
    ok('The app has the operator send a code of its own.', 'The operator sends no code.'),
  ],
  [
    /^POST \/one-time-password-sms\/v1\/validate-code$/,
    ok('The app asks the operator whether that was the code.', 'The operator does not accept the code.'),
  ],
  [/^GET \/_operator\/1$/, 'The operator recognises the SIM by its data connection.'],
  [/^GET \/_operator\/\d+$/, 'A code comes back. A wrong SIM gets one too: the code alone proves nothing.'],
  [
    /^PATCH \/phone_check\/v0\.2\/checks\/[^/]+$/,
    ok('The app exchanges the code. Only this answer says whether the SIM matched.', 'The code is not accepted.'),
  ],
]

/** @param status null as long as there is no answer: what is asked, then, and else what came of it */
export function explain(method: string, path: string, status: number | null): string {
  const call = `${method} ${path.split('?', 1)[0]}`
  const ofPage = asked.find(([pattern]) => pattern.test(call))
  if (ofPage) {
    const [, question, answer] = ofPage
    return status === null ? question : said(answer, status)
  }
  const sentence = steps.find(([pattern]) => pattern.test(call))?.[1] ?? ''
  return status === null && typeof sentence !== 'string' ? 'There is no answer.' : said(sentence, status ?? 0)
}

function said(sentence: Sentence, status: number): string {
  return typeof sentence === 'string' ? sentence : sentence(status)
}

/** The same for what travels besides the requests. `isOurs`: to or from the phone that is shown. */
export function explainMessage(message: MessageRecord, isOurs: boolean): string {
  if (message.kind === 'callback') {
    if (message.status === 200)
      return 'IDlayr announces a result, signed. It is a hint and proves nothing: the app will ask sooner.'
    return 'IDlayr announces a result, and is not heard. It will try again.'
  }
  if (message.direction === 'from_phone') {
    return message.delivered
      ? 'The text goes out. The network says from which SIM it came.'
      : 'The text goes to a number that nobody has.'
  }
  const what = message.kind === 'call' ? 'A voice call with the code' : 'A text with the code'
  if (!message.delivered) return `${what} finds no phone with that SIM.`
  return isOurs ? `${what} reaches the phone.` : `${what} reaches another phone, which has the SIM of that number.`
}
