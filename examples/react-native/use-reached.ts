import { useEffect, useState } from 'react'

/** Whether an instant has come, in milliseconds since the epoch; renders again when it does. */
export function useReached(instant = 0): boolean {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setTimeout(() => setNow(Date.now()), Math.min(Math.max(instant - Date.now(), 0), longest))
    return () => clearTimeout(timer)
  }, [instant])
  return now >= instant
}

/** A timer for longer would fire at once. */
const longest = 2 ** 31 - 1
