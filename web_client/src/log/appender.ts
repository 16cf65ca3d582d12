/** The queue in front of the store: calls of one task share a transaction, and what can't be written waits.
 *
 *  While the page is leaving, what waits is written to the journal at once, for no transaction of a page that goes may end. */

import { unref } from '../platform/timers.js'
import { asError, ClientClosed, StoreFailed } from './errors.js'
import type { Journal } from './journal.js'
import type { NewEvent } from './new_event.js'
import type { StoredEvent } from './store/store.js'

const MAX_BATCH_EVENTS = 256
const RETRY_MS = { first: 1_000, last: 60_000 }

/** An event that waits; `journaled` is its number and time in the journal, null where it is not in it. */
export interface Queued {
  readonly event: NewEvent
  journaled: { readonly number: number; readonly time: number } | null
}

/** What a page does while it is looked at, hidden (it may go at any moment), or gone. */
export type Presence = 'here' | 'hidden' | 'gone'

export interface Appender {
  /** Resolves with the event when it is durable; where the device has no room, only once it has. */
  append(event: NewEvent): Promise<StoredEvent>
  /** Count an event that the spec refused. */
  refuse(): void
  /** Events and refusals that are not written yet. */
  waiting(): { readonly events: number; readonly refused: number }
  /** Why nothing can be written for now, null while all is well. */
  failure(): Error | null
  /** Tell whether the page is leaving: from 'hidden' on events are journaled, and nothing is begun by a page that is 'gone'. */
  presence(now: Presence): void
  /** Try to write what waits; resolves also where that fails, which was reported. */
  flush(): Promise<void>
  /** Write what waits for the last time: what can't be written rejects. */
  close(): Promise<void>
}

export interface AppenderOptions {
  /** Write events and count refusals, in one transaction. Calls `written` in the same task as it counts them itself. */
  readonly commit: (
    events: readonly Queued[],
    refused: number,
    written: () => void,
  ) => Promise<readonly StoredEvent[]>
  readonly journal: Journal
  /** The time that a journaled event gets. */
  readonly now: () => number
  /** Make room in a full store. */
  readonly makeRoom: () => Promise<void>
  readonly onError: (error: Error) => void
}

interface Waiting extends Queued {
  readonly resolve: (event: StoredEvent) => void
  readonly reject: (error: Error) => void
}

/** Return an appender with nothing waiting. */
export function createAppender({ commit, journal, now, makeRoom, onError }: AppenderOptions): Appender {
  const queue: Waiting[] = []
  let refused = 0
  let flushing: Promise<void> | null = null
  let retrying: ReturnType<typeof setTimeout> | null = null
  let retryMs = RETRY_MS.first
  let closed = false
  let failure: Error | null = null
  let presence: Presence = 'here'
  let numbers = 0

  const empty = () => queue.length === 0 && refused === 0

  async function drain(): Promise<void> {
    // Calls of one task go into one transaction.
    await Promise.resolve()
    while (!empty() && presence !== 'gone') {
      const batch = queue.slice(0, MAX_BATCH_EVENTS)
      const counted = refused
      const events = await commit(batch, counted, () => {
        queue.splice(0, batch.length)
        refused -= counted
      })
      retryMs = RETRY_MS.first
      batch.forEach((waiting, index) => {
        waiting.resolve(events[index] as StoredEvent)
      })
      journal.forget(Math.max(...batch.map((waiting) => waiting.journaled?.number ?? 0)))
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
      if (!empty() && failure === null && presence !== 'gone') void flush()
    })
    return flushing
  }

  /** While the store fails, the timer tries again: not each event for itself. */
  function start(): void {
    if (retrying === null && presence !== 'gone') void flush()
  }

  function writeJournal(): void {
    const fresh = queue.filter((waiting) => waiting.journaled === null)
    if (fresh.length === 0) return
    const time = now()
    const entries = fresh.map(({ event }, index) => ({
      number: numbers + 1 + index,
      event: { ...event, time },
    }))
    if (!journal.write(entries)) return
    numbers += entries.length
    fresh.forEach((waiting, index) => {
      waiting.journaled = { number: (entries[index] as { number: number }).number, time }
    })
  }

  return {
    append(event) {
      if (closed) return Promise.reject(new ClientClosed('track'))
      return new Promise((resolve, reject) => {
        queue.push({ event, journaled: null, resolve, reject })
        if (presence !== 'here') writeJournal()
        start()
      })
    },
    refuse() {
      refused++
      if (!closed) start()
    },
    waiting: () => ({ events: queue.length, refused }),
    failure: () => failure,
    presence(now) {
      presence = now
      if (now !== 'here') writeJournal()
      if (now !== 'gone' && !empty()) start()
    },
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
