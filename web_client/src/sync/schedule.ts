/** When a sync runs: soon after an event, now and then, on coming online and on leaving; later and later while it fails. */

import { unref } from '../platform/timers.js'
import type { SyncReport } from './courier.js'

const AFTER_TRACK_MS = 2_000
const PERIOD_MS = 300_000
const BACKOFF_MS = { first: 1_000, last: 300_000 }

export interface Schedule {
  /** Something was tracked. */
  touch(): void
  /** Sync now, after what is under way, and ask for the profile. */
  now(): Promise<SyncReport>
  /** Plan no further sync; resolves when none is under way. */
  stop(): Promise<void>
}

/** Return a schedule of `sync`, which begins with one at once. `ask` tells it to ask even where nothing is to be sent. */
export function createSchedule(
  sync: (ask: boolean) => Promise<SyncReport>,
  onReport: (report: SyncReport) => void,
): Schedule {
  let failures = 0
  // Until then the server asked for silence, or a failure is waited out.
  let quietUntilMs = 0
  let timer: { readonly handle: ReturnType<typeof setTimeout>; readonly dueMs: number } | null = null
  let running: Promise<SyncReport> | null = null
  let stopped = false

  function plan(delayMs: number): void {
    if (stopped) return
    const dueMs = Math.max(performance.now() + delayMs, quietUntilMs)
    if (timer !== null && timer.dueMs <= dueMs) return
    if (timer !== null) clearTimeout(timer.handle)
    const handle = setTimeout(() => {
      timer = null
      void run(delayMs !== AFTER_TRACK_MS)
    }, dueMs - performance.now())
    unref(handle)
    timer = { handle, dueMs }
  }

  async function run(ask: boolean): Promise<SyncReport> {
    const before = running
    const mine = (async () => {
      await before
      return await sync(ask)
    })()
    running = mine
    const report = await mine
    if (running === mine) running = null
    settle(report)
    return report
  }

  function settle(report: SyncReport): void {
    failures = report.outcome === 'failed' ? failures + 1 : 0
    // Full jitter: devices that failed together do not come back together.
    const backoffMs = Math.min(BACKOFF_MS.last, BACKOFF_MS.first * 2 ** failures) * (0.5 + Math.random() / 2)
    const waitMs = Math.max(report.retryAfterMs, failures > 0 ? backoffMs : 0)
    quietUntilMs = waitMs > 0 ? performance.now() + waitMs : 0
    if (timer !== null && timer.dueMs < quietUntilMs) {
      clearTimeout(timer.handle)
      timer = null
    }
    onReport(report)
    plan(waitMs > 0 ? waitMs : PERIOD_MS)
  }

  function soon(): void {
    // Coming online ends the wait after a failure; what the server asked for stands.
    if (failures > 0) quietUntilMs = 0
    plan(0)
  }

  function leaving(): void {
    if (globalThis.document?.visibilityState === 'hidden' && performance.now() >= quietUntilMs)
      void run(false)
  }

  globalThis.addEventListener?.('online', soon)
  globalThis.document?.addEventListener('visibilitychange', leaving)
  plan(0)

  return {
    touch: () => plan(AFTER_TRACK_MS),
    now: () => run(true),
    async stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer.handle)
      globalThis.removeEventListener?.('online', soon)
      globalThis.document?.removeEventListener('visibilitychange', leaving)
      await running
    },
  }
}
