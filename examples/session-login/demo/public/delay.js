// @ts-check

let seconds = 0

/**
 * Lets time pass between the phone's answer and the page's next step, once.
 *
 * @param {number} amount
 */
export function delayNextAnswer(amount) {
  seconds = amount
}

export function takeDelay() {
  const taken = seconds
  seconds = 0
  return taken
}
