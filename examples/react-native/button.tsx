import type { ReactNode } from 'react'
import { Pressable, StyleSheet, Text } from 'react-native'

export function Button({
  title,
  onPress,
  disabled = false,
}: {
  title: string
  onPress: () => void
  disabled?: boolean
}): ReactNode {
  return (
    <Pressable
      style={[styles.button, disabled && styles.disabled]}
      accessibilityRole="button"
      disabled={disabled}
      onPress={onPress}
    >
      <Text style={styles.title}>{title}</Text>
    </Pressable>
  )
}

export const styles = StyleSheet.create({
  screen: { flex: 1, justifyContent: 'center', gap: 12, padding: 24 },
  text: { fontSize: 16 },
  quote: { fontSize: 20, fontWeight: '600' },
  problem: { fontSize: 16, color: '#b00020' },
  field: { fontSize: 20, padding: 12, borderWidth: 1, borderRadius: 8, borderColor: '#8a8a8a' },
  button: { padding: 14, borderRadius: 8, alignItems: 'center', backgroundColor: '#0b57d0' },
  disabled: { opacity: 0.4 },
  title: { fontSize: 16, color: '#ffffff' },
})
