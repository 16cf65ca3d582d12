/** The queue in front of the store: calls of one task share a transaction, and what can't be written waits. */

import { unref } from '../platform/timers.js'
import { asError, ClientClosed, StoreFailed } from './errors.js'
import type { StoredEvent } from './store/store.js'

const MAX_BATCH_EVENTS = 256
const RETRY_MS = { first: 1_000, last: 60_000 }

/** An event that has passed the spec, before the log gives it seq, id and time. */
export interface NewEvent {
  readonly type: string
  readonly data: StoredEvent['data']
}

export interface Appender {
  /** Resolves with the event when it is durable; where the device has no room, only once it has. */
  append(event: NewEvent): Promise<StoredEvent>
  /** Count an event that the spec refused. */
  refuse(): void
  /** Events and refusals that are not written yet. */
  waiting(): { readonly events: number; readonly refused: number }
  /** Try to write what waits; resolves also where that fails, which was reported. */
  flush(): Promise<void>
  /** Write what waits for the last time: what can't be written rejects. */
  close(): Promise<void>
}

export interface AppenderOptions {
  /** Write events and count refusals, in one transaction. Calls `written` in the same task as it counts them itself. */
  readonly commit: (
    events: readonly NewEvent[],
    refused: number,
    written: () => void,
  ) => Promise<readonly StoredEvent[]>
  /** Make room in a full store. */
  readonly makeRoom: () => Promise<void>
  readonly onError: (error: Error) => void
}

interface Waiting {
  readonly event: NewEvent
  readonly resolve: (event: StoredEvent) => void
  readonly reject: (error: Error) => void
}

/** Return an appender with nothing waiting. */
export function createAppender({ commit, makeRoom, onError }: AppenderOptions): Appender {
  const queue: Waiting[] = []
  let refused = 0
  let flushing: Promise<void> | null = null
  let retrying: ReturnType<typeof setTimeout> | null = null
  let retryMs = RETRY_MS.first
  let closed = false
  let failure: Error | null = null

  const empty = () => queue.length === 0 && refused === 0

  async function drain(): Promise<void> {
    // Calls of one task go into one transaction.
    await Promise.resolve()
    while (!empty()) {
      const batch = queue.slice(0, MAX_BATCH_EVENTS)
      const counted = refused
      const events = await commit(
        batch.map((waiting) => waiting.event),
        counted,
        () => {
          queue.splice(0, batch.length)
          refused -= counted
        },
      )
      retryMs = RETRY_MS.first
      batch.forEach((waiting, index) => {
        waiting.resolve(events[index] as StoredEvent)
      })
    }
    failure = null
  }

  async function drainOrWait(): Promise<void> {
    try {
      await drain().catch(async (error: unknown) => {
        if (!(error instanceof StoreFailed) || !error.full) throw error
        await makeRoom()
        await drain()
      })
    } catch (error) {
      failure = asError(error)
      onError(failure)
      if (closed) return
      retrying = setTimeout(flush, retryMs)
      unref(retrying)
      retryMs = Math.min(RETRY_MS.last, retryMs * 2)
    }
  }

  function flush(): Promise<void> {
    if (retrying !== null) clearTimeout(retrying)
    retrying = null
    flushing ??= drainOrWait().finally(() => {
      flushing = null
      // What came while the last transaction was ending.
      if (!empty() && failure === null) void flush()
    })
    return flushing
  }

  /** While the store fails, the timer tries again: not each event for itself. */
  function start(): void {
    if (retrying === null) void flush()
  }

  return {
    append(event) {
      if (closed) return Promise.reject(new ClientClosed('track'))
      return new Promise((resolve, reject) => {
        queue.push({ event, resolve, reject })
        start()
      })
    },
    refuse() {
      refused++
      if (!closed) start()
    },
    waiting: () => ({ events: queue.length, refused }),
    flush,
    async close() {
      closed = true
      await flush()
      if (!empty()) await flush()
      if (retrying !== null) clearTimeout(retrying)
      for (const { reject } of queue.splice(0)) reject(failure ?? new ClientClosed('track'))
    },
  }
}
