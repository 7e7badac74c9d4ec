import sdk from '@tru_id/tru-sdk-react-native'
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react'
import { NativeModules, Text, View } from 'react-native'
import { Button, styles } from './button.tsx'
import { viaSdk } from './mobile-data.ts'
import { PhoneLoginScreen } from './phone-login-screen.tsx'
import { loginStorage, secureStore } from './secure-store.ts'
import { createSession } from './session.ts'
import { simulatedPhone, simulatedToken } from './simulated-phone.ts'
import { type SystemTokenModule, viaSystem } from './system-token.ts'

// Yours. Anything but https is for development: phones refuse it in released apps.
const api = __DEV__ ? 'http://127.0.0.1:3000' : 'https://api.example'
// On a real phone with a SIM: viaSdk and viaSystem in development, too.
const simulated = ['http://127.0.0.1:4010', '+12025550100'] as const
const open = __DEV__ ? simulatedPhone(...simulated) : viaSdk(sdk)
const token = __DEV__
  ? simulatedToken(...simulated)
  : viaSystem(NativeModules['PhoneTokens'] as SystemTokenModule | undefined)

export const session = createSession({ api, box: secureStore })

export function App(): ReactNode {
  const signedIn = useSyncExternalStore(session.subscribe, session.signedIn)
  useEffect(() => void session.restore(), [])
  if (signedIn === undefined) return null
  if (signedIn) return <Home />
  return <PhoneLoginScreen api={api} open={open} token={token} session={session} storage={loginStorage} />
}

/** Yours. */
function Home(): ReactNode {
  const [who, setWho] = useState('…')
  useEffect(() => {
    const load = async () => setWho(await (await session.request('/me')).text())
    load().catch(() => setWho('No connection.'))
  }, [])
  return (
    <View style={styles.screen}>
      <Text style={styles.text}>{who}</Text>
      <Button title="Sign out" onPress={() => void session.signOut()} />
    </View>
  )
}
