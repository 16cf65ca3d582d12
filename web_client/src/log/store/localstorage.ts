/** The fallback store: localStorage, with an array of events per tab and segment.
 *
 *  Browsers write it to the disk only seconds later, and without Web Locks two tabs may interleave. So no array is ever
 *  written by two tabs that append, and events that were given one seq are told apart by their ids when they are read. */

import { withLock } from '../../platform/lock.js'
import { randomEventId } from '../../platform/random.js'
import { StoreFailed } from '../errors.js'
import type { Body, Head, Store, StoredEvent, Write } from './store.js'

const KIND = 'localstorage'
// An append rewrites one segment: its size bounds the cost of an append, and the number of keys that a read looks through.
const SEGMENT_EVENTS = 64

/** What is to be written, key by key; null removes. */
type Plan = Map<string, string | null>

/** Return the store of a name; its keys all begin with it. */
export function localStorageStore(name: string, storage: Storage = localStorage): Store {
  const [headKey, bodyKey, segments] = [`${name}:head`, `${name}:body`, `${name}:events:`]
  const own = `${segments}${randomEventId()}:`
  const parsed = new Map<string, { readonly text: string; readonly events: readonly StoredEvent[] }>()
  let segment = 0

  function segmentKeys(): string[] {
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
    return keys.filter((key) => key.startsWith(segments))
  }

  function readSegment(key: string): readonly StoredEvent[] {
    const text = storage.getItem(key) ?? '[]'
    const known = parsed.get(key)
    if (known?.text === text) return known.events
    const events = JSON.parse(text) as StoredEvent[]
    parsed.set(key, { text, events })
    return events
  }

  function readJson<Value>(key: string): Value | null {
    const text = storage.getItem(key)
    return text === null ? null : (JSON.parse(text) as Value)
  }

  function planAppend(plan: Plan, events: readonly StoredEvent[]): void {
    // Another tab may have compacted or replaced our segment: only what is there counts.
    let current = plan.has(`${own}${segment}`) ? [] : readSegment(`${own}${segment}`)
    for (let rest = events; rest.length > 0; ) {
      if (current.length >= SEGMENT_EVENTS || plan.has(`${own}${segment}`)) {
        segment++
        current = []
      }
      const room = SEGMENT_EVENTS - current.length
      current = [...current, ...rest.slice(0, room)]
      plan.set(`${own}${segment}`, JSON.stringify(current))
      rest = rest.slice(room)
    }
  }

  function planReplace(plan: Plan, events: readonly StoredEvent[]): void {
    for (const key of segmentKeys()) plan.set(key, null)
    planAppend(plan, events)
  }

  function planForget(plan: Plan, seq: number): void {
    for (const key of segmentKeys()) {
      const events = readSegment(key)
      const kept = events.filter((event) => event.seq > seq)
      if (kept.length < events.length) plan.set(key, kept.length === 0 ? null : JSON.stringify(kept))
    }
  }

  /** Write all or nothing: a storage that is full in the middle gets back what it had. */
  function apply(plan: Plan): void {
    const before: [string, string | null][] = []
    try {
      for (const [key, text] of plan) {
        before.push([key, storage.getItem(key)])
        put(key, text)
      }
    } catch (error) {
      for (const [key, text] of before.reverse()) put(key, text)
      throw new StoreFailed(KIND, error)
    }
  }

  function put(key: string, text: string | null): void {
    if (text === null) {
      storage.removeItem(key)
      parsed.delete(key)
    } else {
      storage.setItem(key, text)
    }
  }

  function planned(write: Write<unknown>): Plan {
    const plan: Plan = new Map()
    if (write.forget !== undefined) planForget(plan, write.forget)
    if (write.replace !== undefined) planReplace(plan, write.replace)
    if (write.append !== undefined) planAppend(plan, write.append)
    if (write.body !== undefined) plan.set(bodyKey, JSON.stringify(write.body))
    // Last, so that a crash in between leaves rows that are not counted yet (`settled` counts them), never a count without rows.
    if (write.head !== undefined) plan.set(headKey, JSON.stringify(write.head))
    return plan
  }

  /** All rows in order, after what a crash or a tab without Web Locks left behind has been put right. */
  function readRows(head: Head | null): { head: Head | null; rows: readonly StoredEvent[] } {
    const rows = segmentKeys()
      .flatMap(readSegment)
      .sort((a, b) => a.seq - b.seq)
    const put = head === null ? null : settled(head, readJson<Body>(bodyKey), rows)
    if (put === null) return { head, rows }
    apply(planned({ head: put.head, replace: put.rows, result: null }))
    return put
  }

  return {
    kind: KIND,
    mayLose: 'the last seconds, when the browser or the device crashes',
    transact(read, decide) {
      return withLock(`${name}:store`, async () => {
        const head = readJson<Head>(headKey)
        const found = read.after === undefined ? { head, rows: [] } : readRows(head)
        const after = read.after ?? 0
        const write = decide({
          head: found.head,
          body: read.body ? readJson<Body>(bodyKey) : null,
          events: found.rows.filter((event) => event.seq > after),
        })
        apply(planned(write))
        return write.result
      })
    },
    async close() {},
  }
}

/** Return the log in which every event has a seq of its own and is counted, null where that is so already. */
function settled(
  head: Head,
  body: Body | null,
  rows: readonly StoredEvent[],
): { head: Head; rows: readonly StoredEvent[] } | null {
  const live = rows.filter((event) => event.seq > head.compacted)
  const contiguous = live.every((event, index) => event.seq === head.compacted + 1 + index)
  if (contiguous && live.length === head.last - head.compacted) return null

  const sealed = new Set(body?.sealed?.ids)
  const preferred = [...live].sort(
    (a, b) => a.seq - b.seq || Number(sealed.has(b.id)) - Number(sealed.has(a.id)) || (a.id < b.id ? -1 : 1),
  )
  const first = preferred.filter((event, index) => event.seq !== preferred[index - 1]?.seq)
  const again = preferred.filter((event, index) => event.seq === preferred[index - 1]?.seq)
  const kept = [...first, ...again].map((event, index) => ({ ...event, seq: head.compacted + 1 + index }))
  const last = head.compacted + kept.length
  const time = Math.max(head.time, ...kept.slice(-again.length - 1).map((event) => event.time))
  return {
    head: {
      ...head,
      last,
      time,
      acked: Math.min(head.acked, last),
      tracked: head.tracked + last - head.last,
      generation: head.generation + 1,
    },
    rows: kept,
  }
}
