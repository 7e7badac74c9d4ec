/** The languages of Twilio's default template, from twilio.com/docs/verify/supported-languages. */
const supported =
  'af ar ca zh zh-CN zh-HK hr cs da nl en en-GB et fi fr de el he hi hu id it ja kn ko lt ms mr nb pl pt pt-BR ro ru sk es sv tl te th tr uk vi'.split(
    ' ',
  )

/**
 * The user's language as Twilio has it: with its region, or the language alone.
 * @returns undefined where Twilio has neither; it then goes by the number's country
 */
export function localeOf(tag: string | undefined): string | undefined {
  const [language = '', ...rest] = (tag ?? '').toLowerCase().split('-')
  const wanted = [...rest.map((region) => `${language}-${region}`), language]
  return wanted
    .map((one) => supported.find((known) => known.toLowerCase() === one))
    .find((known) => known !== undefined)
}
