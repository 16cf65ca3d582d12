/** The shop's own calendar. It starts the day after the real purchases end, and only ever goes forward. */

import { DAY_MS } from './format.js'
import { type Signal, signal } from './signal.js'

const KEPT = 'edgefold-demo-calendar'
const NOON_MS = DAY_MS / 2

export interface Calendar {
  readonly now: Signal<number>
  readonly pass: (days: number) => void
}

/** Open the calendar at noon of `opensMs`, or where this browser left it. */
export function openCalendar(opensMs: number): Calendar {
  const kept = Number(localStorage.getItem(KEPT))
  const now = signal(Math.max(opensMs + NOON_MS, Number.isSafeInteger(kept) ? kept : 0))
  return {
    now,
    pass(days) {
      const later = now.get() + days * DAY_MS
      localStorage.setItem(KEPT, String(later))
      now.set(later)
    },
  }
}
