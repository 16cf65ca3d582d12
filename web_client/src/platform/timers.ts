/** Timers that do not keep a Node process running. */

/** Let a timer not keep a Node process running. */
export function unref(timer: unknown): void {
  // A browser's timer is a number.
  ;(timer as { unref?: () => void }).unref?.()
}
