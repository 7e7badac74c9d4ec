/**
 * What the example uses of React Native, so that it can be checked without it. An app has the real
 * types and leaves this folder out.
 */
declare module 'react-native' {
  import type { ComponentType, ReactNode } from 'react'

  interface Style {
    flex?: number
    justifyContent?: 'center'
    alignItems?: 'center'
    gap?: number
    padding?: number
    fontSize?: number
    fontWeight?: '600'
    color?: string
    backgroundColor?: string
    borderWidth?: number
    borderRadius?: number
    borderColor?: string
    opacity?: number
  }

  interface ViewProps {
    style?: Style | readonly (Style | false)[]
    accessibilityLabel?: string
    accessibilityRole?: 'alert' | 'button'
    children?: ReactNode
  }

  interface TextInputProps extends Omit<ViewProps, 'children'> {
    value: string
    onChangeText: (text: string) => void
    onSubmitEditing?: () => void
    placeholder?: string
    keyboardType?: 'phone-pad' | 'number-pad'
    textContentType?: 'telephoneNumber' | 'oneTimeCode'
    autoComplete?: 'tel' | 'sms-otp'
    autoFocus?: boolean
    maxLength?: number
    editable?: boolean
  }

  export const View: ComponentType<ViewProps>
  export const Text: ComponentType<ViewProps & { selectable?: boolean }>
  export const TextInput: ComponentType<TextInputProps>
  export const Pressable: ComponentType<ViewProps & { onPress: () => void; disabled?: boolean }>
  export const ActivityIndicator: ComponentType<Omit<ViewProps, 'children'>>
  export const Linking: { openURL(url: string): Promise<unknown> }
  export const NativeModules: Readonly<Record<string, unknown>>
  export const StyleSheet: { create<Styles extends Readonly<Record<string, Style>>>(styles: Styles): Styles }
}

/** Whether this is no released app. */
declare const __DEV__: boolean
