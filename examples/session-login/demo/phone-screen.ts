import type { Party } from './protocol-log.js'

export interface Hop {
  readonly to: Party
  readonly path: string
  readonly status: number | null
}

/** What the phone shows of the check that it works on, or worked on last. */
export interface PhoneScreen {
  readonly state: 'idle' | 'opening' | 'code' | 'failed'
  readonly headline: string
  readonly hops: readonly Hop[]
  /** Masked code, or what went wrong. */
  readonly detail?: string
}

export const idleScreen: PhoneScreen = {
  state: 'idle',
  headline: 'Ready',
  hops: [],
  detail: 'Waiting for a check to confirm',
}
export const openingScreen: PhoneScreen = { state: 'opening', headline: 'Opening…', hops: [] }
export const askingScreen: PhoneScreen = { state: 'opening', headline: 'Confirming the number…', hops: [] }
export const sentScreen: PhoneScreen = { state: 'code', headline: 'Text sent', hops: [] }
export const textScreen: PhoneScreen = { state: 'code', headline: 'New text', hops: [] }
export const callScreen: PhoneScreen = { state: 'code', headline: 'Incoming call', hops: [] }

export function withHop(screen: PhoneScreen, hop: Hop): PhoneScreen {
  return { ...screen, hops: [...screen.hops, hop] }
}

export function withCode(screen: PhoneScreen, detail: string): PhoneScreen {
  return { ...screen, state: 'code', headline: 'Code received', detail }
}

export function withToken(screen: PhoneScreen): PhoneScreen {
  return { ...screen, state: 'code', headline: 'Number confirmed', detail: 'Token signed by Google' }
}

export function withFailure(screen: PhoneScreen, detail: string): PhoneScreen {
  return { ...screen, state: 'failed', headline: 'Not possible', detail }
}
