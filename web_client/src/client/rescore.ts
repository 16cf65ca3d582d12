/** Scores that come by themselves: when a trigger of the spec was tracked in any tab, and when a model is ready. */

import { asError } from '../log/errors.js'

/** Return a function that runs a task once for all the calls that come while it runs. */
export function coalesced(task: () => Promise<void>, onError: (error: Error) => void): () => void {
  let running = false
  let again = false
  return async function run(): Promise<void> {
    again = true
    if (running) return
    running = true
    while (again) {
      again = false
      await task().catch((error: unknown) => onError(asError(error)))
    }
    running = false
  }
}
