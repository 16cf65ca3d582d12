/** The wall clock of a client: the page's own, as far as it tells a time. */

import { isSafeInteger } from '../reducer/canonical.js'
import { ClockFailed } from './errors.js'

/** Return a clock that never throws and always tells milliseconds since 1970; what the page's own does wrong is told once. */
export function createClock(own: () => unknown, onError: (error: Error) => void): () => number {
  let told = false

  function failed(error: ClockFailed): number {
    if (!told) onError(error)
    told = true
    return Date.now()
  }

  return () => {
    let given: unknown
    try {
      given = own()
    } catch (error) {
      return failed(new ClockFailed(null, error))
    }
    const nowMs = typeof given === 'number' ? Math.floor(given) : Number.NaN
    return isSafeInteger(nowMs) && nowMs > 0 ? nowMs : failed(new ClockFailed(given))
  }
}
