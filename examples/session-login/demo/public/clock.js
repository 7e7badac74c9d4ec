// @ts-check

const browserNow = Date.now.bind(Date)

/** How far the demo's clock is ahead of this browser's. Milliseconds. */
let ahead = 0

// The app's page counts down by the same time as its server, which the visitor can move.
Date.now = now

/** Milliseconds since the epoch, by the demo's clock. */
export function now() {
  return browserNow() + ahead
}

/** @param {number} time What the demo's clock says now */
export function followClock(time) {
  ahead = Math.round(time - browserNow())
}
