import { type ReactNode, useState } from 'react'
import { ActivityIndicator, Text, TextInput, View } from 'react-native'
import { Button, styles } from './button.tsx'
import { CodeStep } from './code-step.tsx'
import type { DeviceLoginSettings } from './device-login.ts'
import { TextStep } from './text-step.tsx'
import { usePhoneLogin } from './use-phone-login.ts'
import { useReached } from './use-reached.ts'
import { cureOf, sayBusy, sayProblem, sayWay } from './words.ts'

/** Asks for the number, then for whatever the way in use needs. Leaves with the tokens in the session. */
export function PhoneLoginScreen(settings: DeviceLoginSettings): ReactNode {
  const login = usePhoneLogin(settings)
  const { progress, obstacle } = login
  const [number, setNumber] = useState('')
  const { state } = progress
  const start = () => void login.start(number)
  const busy = sayBusy(progress)
  const problem = 'problem' in progress ? progress.problem : undefined
  const [nextWay] = 'fallback' in progress ? progress.fallback : []
  const cure = busy ? undefined : cureOf(obstacle)
  // Where the step says nothing else, `start` is what is left.
  const atStart = state === 'idle' || (state === 'failed' && problem?.action !== 'stop')
  const canRetry = state === 'failed' && (problem?.action === 'retry' || problem?.action === 'wait')
  const mayRetry = useReached(problem?.retryAt)

  if (state === 'done') return null
  return (
    <View style={styles.screen}>
      {problem && (
        <Text style={styles.problem} accessibilityRole="alert">
          {sayProblem(problem)}
        </Text>
      )}
      {cure && <Text style={styles.text}>{cure}</Text>}
      {cure && state !== 'failed' && <Button title="Try again without typing" onPress={start} />}
      {busy && <ActivityIndicator accessibilityLabel={busy} />}
      {busy && <Text style={styles.text}>{busy}</Text>}
      {state === 'waiting_for_sms' && <TextStep step={progress} />}
      {state === 'waiting_for_code' && <CodeStep step={progress} submit={login.submitCode} resend={login.resend} />}
      {canRetry && <Button title="Try again" disabled={!mayRetry} onPress={() => void login.retry()} />}
      {nextWay !== undefined && <Button title={sayWay(nextWay)} onPress={() => void login.fallback()} />}
      {atStart && (
        <TextInput
          style={styles.field}
          accessibilityLabel="Mobile number"
          placeholder="+1 202 555 0100"
          keyboardType="phone-pad"
          textContentType="telephoneNumber"
          autoComplete="tel"
          value={number}
          onChangeText={setNumber}
          onSubmitEditing={start}
        />
      )}
      {atStart ? <Button title="Sign in" onPress={start} /> : <Button title="Cancel" onPress={login.cancel} />}
    </View>
  )
}
