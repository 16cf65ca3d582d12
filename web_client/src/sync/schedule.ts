/** When a sync runs: soon after an event, now and then, on coming online and on leaving; later and later while it fails, and never
 *  in the time for which the server asked for silence. */

import type { Lifecycle } from '../platform/lifecycle.js'
import { unref } from '../platform/timers.js'
import type { SyncReport } from './courier.js'
import { boundedQuiet } from './quiet.js'

const AFTER_TRACK_MS = 2_000
const PERIOD_MS = 300_000
const BACKOFF_MS = { first: 1_000, last: 300_000 }

export interface Schedule {
  /** Something was tracked. */
  touch(): void
  /** Sync now, and ask for the profile. Calls share what can be shared: at most one run follows the one under way.
   *  In the time of silence it resolves at once, with 'waiting'. */
  now(): Promise<SyncReport>
  /** Plan no further sync; resolves when none is under way. */
  stop(): Promise<void>
}

export interface ScheduleOptions {
  /** Sync. `ask` tells to ask for the profile even where nothing is to be sent. Never rejects. */
  readonly sync: (ask: boolean) => Promise<SyncReport>
  /** Send what is sealed, with the request begun when this returns. @returns whether there was such. */
  readonly leave: () => boolean
  /** How long the server wants silence still, in milliseconds, by what all tabs know. */
  readonly quietMs: () => number
  readonly onReport: (report: SyncReport) => void
  readonly lifecycle: Lifecycle
}

/** Return a schedule, which begins with a sync at once. */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { sync, leave, quietMs, onReport, lifecycle } = options
  let failures = 0
  // Until then a failure is waited out, or the server's word that could not be stored, by the monotonic clock.
  let backoffUntilMs = 0
  let silentUntilMs = 0
  let timer: { readonly handle: ReturnType<typeof setTimeout>; readonly dueMs: number } | null = null
  let running: Promise<SyncReport> | null = null
  let next: Promise<SyncReport> | null = null
  let nextAsks = false
  let stopped = false

  const silenceMs = () => Math.max(quietMs(), silentUntilMs - performance.now(), 0)

  function plan(delayMs: number): void {
    if (stopped) return
    const now = performance.now()
    const dueMs = Math.max(now + delayMs, backoffUntilMs, now + silenceMs())
    if (timer !== null && timer.dueMs <= dueMs) return
    cancel()
    const handle = setTimeout(() => {
      timer = null
      // Another tab may have been asked for silence since.
      if (silenceMs() > 0) plan(0)
      else void run(delayMs !== AFTER_TRACK_MS)
    }, dueMs - now)
    unref(handle)
    timer = { handle, dueMs }
  }

  function cancel(): void {
    if (timer !== null) clearTimeout(timer.handle)
    timer = null
  }

  function run(ask: boolean): Promise<SyncReport> {
    if (running === null) return begin(ask)
    nextAsks ||= ask
    next ??= running.then(() => {
      const asks = nextAsks
      next = null
      nextAsks = false
      return stopped || silenceMs() > 0 ? waiting() : begin(asks)
    })
    return next
  }

  async function begin(ask: boolean): Promise<SyncReport> {
    // What was planned until now this run does.
    if (ask) cancel()
    const mine = sync(ask)
    running = mine
    const report = await mine
    running = null
    settle(report)
    return report
  }

  const waiting = (): SyncReport => ({
    outcome: 'waiting',
    steps: [],
    error: null,
    retryAfterMs: Math.ceil(silenceMs()),
  })

  function settle(report: SyncReport): void {
    failures = report.outcome === 'failed' ? failures + 1 : 0
    // Full jitter: devices that failed together do not come back together.
    const backoffMs = Math.min(BACKOFF_MS.last, BACKOFF_MS.first * 2 ** failures) * (0.5 + Math.random() / 2)
    const now = performance.now()
    silentUntilMs = now + boundedQuiet(report.retryAfterMs)
    backoffUntilMs = failures > 0 ? now + backoffMs : 0
    if (timer !== null && timer.dueMs < Math.max(silentUntilMs, backoffUntilMs)) cancel()
    onReport(report)
    plan(failures > 0 || report.retryAfterMs > 0 ? 0 : PERIOD_MS)
  }

  function online(): void {
    // It ends the wait after a failure; what the server asked for stands.
    backoffUntilMs = 0
    cancel()
    plan(0)
  }

  function left(): void {
    if (silenceMs() > 0 || stopped || leave()) return
    if (lifecycle.presence() !== 'gone') void run(false)
  }

  const ends = [lifecycle.onOnline(online), lifecycle.onLeave(left)]
  plan(0)

  return {
    touch: () => plan(AFTER_TRACK_MS),
    now: () => (silenceMs() > 0 ? Promise.resolve(waiting()) : run(true)),
    async stop() {
      stopped = true
      cancel()
      for (const end of ends) end()
      await running
    },
  }
}
