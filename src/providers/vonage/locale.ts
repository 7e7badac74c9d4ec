/** Languages in which Vonage has a text for messages and calls; the first of a language stands for its other regions. */
const locales = [
  'ar-xa cs-cz da-dk de-de el-gr en-us en-au en-gb en-in es-es es-mx es-us fi-fi fil-ph fr-fr fr-ca hi-in hu-hu id-id',
  'it-it ja-jp ko-kr nb-no nl-nl pl-pl pt-br pt-pt ro-ro ru-ru sv-se th-th tr-tr vi-vn zh-cn',
]
  .join(' ')
  .split(' ')

/**
 * Vonage's name of a language. What it does not know is left out, as it then goes by the number's
 * country: a language comes from the requester, who must not be able to have our calls refused.
 */
export function vonageLocale(tag: string | undefined): string | undefined {
  if (tag === undefined) return undefined
  const [language = '', ...rest] = tag.toLowerCase().split('-')
  const region = rest.find((part) => part.length === 2)
  const exact = locales.find((known) => known === `${language}-${region}`)
  // Traditional and simplified characters are no dialects of each other.
  const isOther = language === 'zh' && (region !== undefined || rest.includes('hant'))
  return exact ?? (isOther ? undefined : locales.find((known) => known.startsWith(`${language}-`)))
}
