import type { WaitingForSms } from 'passport-phonecheck/client'
import { type ReactNode, useState } from 'react'
import { Linking, Text } from 'react-native'
import { Button, styles } from './button.tsx'

/** The user sends a text as it is. The login goes on by itself once it has arrived. */
export function TextStep({ step: { href, to, body } }: { step: WaitingForSms }): ReactNode {
  const [byHand, setByHand] = useState(false)
  // A tablet has no app for texts, and then any phone with this SIM will do.
  const compose = () => void Linking.openURL(href).catch(() => setByHand(true))
  return (
    <>
      <Text style={styles.text}>Send us a text from this number. Change nothing in it, and come back here.</Text>
      <Button title="Write the text" onPress={compose} />
      {byHand && (
        <Text style={styles.text} selectable>
          Send “<Text style={styles.quote}>{body}</Text>” to <Text style={styles.quote}>{to}</Text>.
        </Text>
      )}
    </>
  )
}
