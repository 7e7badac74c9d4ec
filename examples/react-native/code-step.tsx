import type { WaitingForCode } from 'passport-phonecheck/client'
import { type ReactNode, useState } from 'react'
import { Text, TextInput } from 'react-native'
import { Button, styles } from './button.tsx'
import { useReached } from './use-reached.ts'

interface Props {
  readonly step: WaitingForCode
  readonly submit: (code: string) => unknown
  readonly resend: () => unknown
}

/** The user types a code, or the keyboard offers it from the message. */
export function CodeStep({ step: { length, attemptsLeft, resendAt }, submit, resend }: Props): ReactNode {
  const [code, setCode] = useState('')
  const mayResend = useReached(resendAt)
  const type = (text: string) => {
    setCode(text)
    if (text.length === length) void submit(text)
  }
  return (
    <>
      <Text style={styles.text}>Type the {length} digits of the message that we sent you.</Text>
      <TextInput
        style={styles.field}
        accessibilityLabel="Code"
        keyboardType="number-pad"
        textContentType="oneTimeCode"
        autoComplete="sms-otp"
        autoFocus
        maxLength={length}
        editable={attemptsLeft !== 0}
        value={code}
        onChangeText={type}
      />
      {attemptsLeft !== undefined && <Text style={styles.text}>Tries left: {attemptsLeft}</Text>}
      {resendAt !== undefined && (
        <Button title="Send another code" disabled={!mayResend} onPress={() => void resend()} />
      )}
    </>
  )
}
