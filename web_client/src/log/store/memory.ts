/** A store in memory: for tests, for Node, and the last resort of a page that may keep nothing. */

import type { Body, Head, Store, StoredEvent } from './store.js'

/** Return an empty store; clients that are given the same one share a log as tabs do. */
export function memoryStore(): Store {
  let head: Head | null = null
  let body: Body | null = null
  let events: StoredEvent[] = []
  return {
    kind: 'memory',
    mayLose: 'everything, as soon as the page is left',
    async transact(read, decide) {
      const { after, upTo = Number.POSITIVE_INFINITY } = read
      const asked =
        after === undefined ? [] : events.slice(firstAfter(events, after), firstAfter(events, upTo))
      const write = decide({ head, body: read.body ? body : null, events: asked })
      head = write.head ?? head
      body = write.body ?? body
      if (write.replace !== undefined) events = [...write.replace]
      if (write.forget !== undefined) events = events.slice(firstAfter(events, write.forget))
      events.push(...(write.append ?? []))
      return write.result
    },
    async close() {},
  }
}

/** The index of the first event with a larger seq: rows have no holes. */
function firstAfter(events: readonly StoredEvent[], seq: number): number {
  return Math.max(0, seq + 1 - (events[0]?.seq ?? 0))
}
