/** The next diff, sealed ahead: a page that leaves can send only what is on the disk already. */

import { Outdated } from '../log/errors.js'
import type { Log } from '../log/log.js'
import { unref } from '../platform/timers.js'
import type { Spec } from '../reducer/spec.js'
import { seal } from './seal.js'

// After the last of a burst of events; the sync that follows sends what was sealed.
const AFTER_TRACK_MS = 250

export interface Ahead {
  /** Something was tracked. */
  touch(): void
  stop(): void
}

/** Return what seals the log's next diff a moment after events were tracked. */
export function createAhead(
  log: Log,
  spec: Spec,
  wall: () => number,
  onError: (error: unknown) => void,
): Ahead {
  let timer: ReturnType<typeof setTimeout> | null = null

  async function sealNext(): Promise<void> {
    timer = null
    // Before the server has told whose log it is and what it has, nothing can be sent blindly.
    if (log.outdated() || log.head().epoch === null) return
    await log.change((state) => ({ state: seal(spec, state, wall()), result: undefined }), {
      strict: true,
      after: Math.max(0, log.head().acked - 1),
    })
  }

  return {
    touch() {
      if (timer !== null) clearTimeout(timer)
      timer = setTimeout(() => {
        sealNext().catch((error: unknown) => {
          if (!(error instanceof Outdated)) onError(error)
        })
      }, AFTER_TRACK_MS)
      unref(timer)
    },
    stop() {
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
  }
}
