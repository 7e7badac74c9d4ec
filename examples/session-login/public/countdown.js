// @ts-check

/**
 * Keeps a button from being used for a while, and writes into its `.countdown` how long.
 *
 * @typedef {{ wait(seconds: number): void, readonly isWaiting: boolean }} Countdown
 *
 * @param {HTMLElement} button
 * @param {AbortSignal} signal
 * @returns {Countdown}
 */
export function countdownOn(button, signal) {
  const label = button.querySelector('.countdown')
  let until = 0

  function show() {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000))
    const text = seconds > 0 ? `in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}` : ''
    if (label && label.textContent !== text) label.textContent = text
    // Not `disabled`, which would throw the keyboard's focus away.
    button.setAttribute('aria-disabled', String(seconds > 0))
  }
  const timer = setInterval(show, 250)
  signal.addEventListener('abort', () => clearInterval(timer))
  return {
    wait(seconds) {
      until = Date.now() + seconds * 1000
      show()
    },
    get isWaiting() {
      return until > Date.now()
    },
  }
}
