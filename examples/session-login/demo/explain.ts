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
    ok('The page hands in the code. The SIM matched: a session begins.', 'The page hands in the result. Nobody is signed in.'),
  ],
  [
    /^GET \/login\/phone\/return$/,
    (status) =>
      status === 302
        ? 'The browser is back with the code. The SIM matched: a session begins.'
        : 'The browser is back. Nobody is signed in.',
  ],
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
