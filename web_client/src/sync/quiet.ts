/** How long the server may ask for silence, and until when it has: one moment for all tabs of a log. */

import { isSafeInteger } from '../reducer/canonical.js'

/** Nobody's number silences a device for longer: a day. */
export const MAX_QUIET_MS = 86_400_000

/** Return a wait that a server asked for, held to 0 .. MAX_QUIET_MS milliseconds. */
export function boundedQuiet(ms: unknown): number {
  return typeof ms === 'number' && ms > 0 ? Math.min(Math.ceil(ms), MAX_QUIET_MS) : 0
}

/** Return how many milliseconds of silence are left. A moment that lies further off than anybody may ask for was kept by a clock
 *  that was false: it holds nobody. */
export function quietLeftMs(quietUntilMs: unknown, nowMs: number): number {
  if (!isSafeInteger(quietUntilMs)) return 0
  const left = quietUntilMs - nowMs
  return left > 0 && left <= MAX_QUIET_MS ? left : 0
}

/** Return the wait that `Retry-After` (RFC 9110, 10.2.3) or a problem's `retry_after_ms` asks for, bounded, in milliseconds. */
export function retryAfterMs(header: string | null, member: unknown, nowMs: number): number {
  const text = header ?? ''
  const asked = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Math.max(boundedQuiet(asked), boundedQuiet(member))
}
