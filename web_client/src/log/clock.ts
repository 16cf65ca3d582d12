/** The log's clock: it never runs backwards, and a time that was false does not hold it for years. Pure. */

import type { State } from './state.js'
import { allRows } from './state.js'
import type { Head, StoredEvent } from './store/store.js'

/** So far apart two honest clocks may be. */
export const CLOCK_TOLERANCE_MS = 60_000
// So long the wall clock goes on below the log's time before it is believed: a step back by hand is soon corrected.
const STANDS_MS = 600_000

/** Return the wall clock as the server's answers have corrected it. */
export function correctedMs(head: Head, wallMs: number): number {
  return Math.max(0, wallMs - head.aheadMs)
}

/** Return the head at a moment of the wall clock: its time is at least `atLeastMs`, and never less than before. */
export function ticked(head: Head, wallMs: number, atLeastMs = 0): Head {
  const nowMs = correctedMs(head, wallMs)
  const time = Math.max(nowMs, head.time, atLeastMs)
  const stands = nowMs < head.time - CLOCK_TOLERANCE_MS
  const belowMs = stands ? Math.min(head.belowMs ?? nowMs, nowMs) : null
  return time === head.time && belowMs === head.belowMs ? head : { ...head, time, belowMs }
}

/** Return the time to which a log has to come back whose own was false, null where it has not.
 *
 *  `notBeforeMs` is a time that is surely past: a wall clock below it is the false one. */
export function mendingMs(head: Head, wallMs: number, notBeforeMs: number): number | null {
  const nowMs = correctedMs(head, wallMs)
  const stands = head.belowMs !== null && nowMs - head.belowMs >= STANDS_MS
  return stands && nowMs >= notBeforeMs && nowMs < head.time - CLOCK_TOLERANCE_MS ? nowMs : null
}

/** Return the head after the server told its time: by how much the wall clock is ahead of it. */
export function heldTo(head: Head, serverMs: number, wallMs: number): Head {
  const aheadMs = wallMs - serverMs > CLOCK_TOLERANCE_MS ? wallMs - serverMs : 0
  return aheadMs === head.aheadMs ? head : { ...head, aheadMs }
}

/** Return the state whose clock has come back to a moment: events from the false time happened by then at the latest.
 *
 *  Where the server has some of them, it gets the whole contribution anew. */
export function mended(state: State, nowMs: number): State {
  const { head, body } = state
  const isFalse = (event: StoredEvent) => event.time > nowMs
  const restamped = (event: StoredEvent) => (isFalse(event) ? { ...event, time: nowMs } : event)
  const rows = allRows(state)
  const held = body.quarantine.flatMap((entry) => entry.events)
  const back = { ...head, time: nowMs, belowMs: null }
  if (!rows.some(isFalse) && !held.some(isFalse)) return { ...state, head: back }
  const isKnown = rows.some((event) => isFalse(event) && event.seq <= head.acked)
  return {
    head: {
      ...back,
      whole: head.whole || isKnown,
      generation: head.generation + 1,
      revision: head.revision + 1,
    },
    body: {
      ...body,
      sealed: null,
      quarantine: body.quarantine.map((entry) => ({ ...entry, events: entry.events.map(restamped) })),
    },
    events: rows.map(restamped),
  }
}
