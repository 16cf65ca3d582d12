/** The fallback store: localStorage, the events in segments.
 *
 *  Browsers show a tab's writes to the others late, whatever locks are held, and write them to the disk seconds later. So it serves
 *  one tab, which holds a lock for its life; another tab is refused. */

import { holdLock } from '../../platform/lock.js'
import { ClientError, StoreFailed } from '../errors.js'
import type { Body, Found, Head, Read, Store, StoredEvent, Write } from './store.js'

const KIND = 'localstorage'
// An append rewrites one segment: its size bounds the cost of an append.
const SEGMENT_EVENTS = 64

/** What is to be written, key by key; null removes. */
type Plan = Map<string, string | null>

/** Return the store of a name; its keys all begin with it.
 *
 *  Its transactions throw StoreFailed while another tab holds it. */
export function localStorageStore(name: string, storage: Storage = localStorage): Store {
  const [headKey, bodyKey, segments] = keysOf(name)
  let holding: Promise<() => void> | null = null
  let turn: Promise<unknown> = Promise.resolve()

  function hold(): Promise<() => void> {
    holding ??= holdLock(`${name}:localstorage`).then((release) => {
      if (release === null) throw new ClientError('another tab has it; localStorage serves one tab')
      return release
    })
    holding.catch(() => {
      holding = null
    })
    return holding
  }

  function segmentKey(seq: number): string {
    return `${segments}${Math.floor((seq - 1) / SEGMENT_EVENTS)}`
  }

  function segmentKeys(): string[] {
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
    return keys.filter((key) => key.startsWith(segments))
  }

  function readJson<Value>(key: string): Value | null {
    const text = storage.getItem(key)
    return text === null ? null : (JSON.parse(text) as Value)
  }

  function readRows({ after, upTo = Number.POSITIVE_INFINITY }: Read): readonly StoredEvent[] {
    if (after === undefined) return []
    const rows = segmentKeys().flatMap((key) => readJson<StoredEvent[]>(key) ?? [])
    return rows.filter(({ seq }) => seq > after && seq <= upTo).sort((a, b) => a.seq - b.seq)
  }

  function planned(write: Write<unknown>): Plan {
    const plan: Plan = new Map()
    const { forget = 0, replace, append = [] } = write
    const stands = replace === undefined ? readRowsOf(forget, append) : []
    if (replace !== undefined || forget > 0) for (const key of segmentKeys()) plan.set(key, null)
    const bySegment = new Map<string, StoredEvent[]>()
    for (const event of [...stands, ...(replace ?? []), ...append]) {
      const key = segmentKey(event.seq)
      bySegment.set(key, [...(bySegment.get(key) ?? []), event])
    }
    for (const [key, events] of bySegment) plan.set(key, JSON.stringify(events))
    if (write.body !== undefined) plan.set(bodyKey, JSON.stringify(write.body))
    // Last, so that a crash in between leaves rows that are not counted yet, never a count without rows.
    if (write.head !== undefined) plan.set(headKey, JSON.stringify(write.head))
    return plan
  }

  /** The rows that stand in the segments which are written again. */
  function readRowsOf(forget: number, append: readonly StoredEvent[]): readonly StoredEvent[] {
    if (forget > 0) return readRows({ after: forget })
    const first = append[0]?.seq
    return first === undefined
      ? []
      : (readJson<StoredEvent[]>(segmentKey(first)) ?? []).filter(({ seq }) => seq < first)
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
    if (text === null) storage.removeItem(key)
    else storage.setItem(key, text)
  }

  /** What a crash between two keys has left is put right: rows that no head counts are counted. */
  function settle(): void {
    const head = readJson<Head>(headKey)
    if (head === null) return
    const rows = readRows({ after: head.compacted })
    const live = rows.filter((event, index) => event.seq === head.compacted + 1 + index)
    const last = head.compacted + live.length
    if (last === head.last && live.length === rows.length) return
    const tracked = head.tracked + last - head.last
    const time = Math.max(head.time, ...live.slice(-SEGMENT_EVENTS).map((event) => event.time))
    const acked = Math.min(head.acked, last)
    apply(planned({ head: { ...head, last, tracked, time, acked }, replace: live, result: null }))
  }

  async function transact<Result>(read: Read, decide: (found: Found) => Write<Result>): Promise<Result> {
    const isFirst = holding === null
    await hold().catch((error: unknown) => {
      throw new StoreFailed(KIND, error)
    })
    if (isFirst) settle()
    const body = read.body ? readJson<Body>(bodyKey) : null
    const write = decide({ head: readJson<Head>(headKey), body, events: readRows(read) })
    apply(planned(write))
    return write.result
  }

  return {
    kind: KIND,
    mayLose: 'the last seconds, when the browser or the device crashes',
    transact(read, decide) {
      const mine = turn.then(
        () => transact(read, decide),
        () => transact(read, decide),
      )
      turn = mine
      return mine
    },
    async close() {
      await turn.catch(() => {})
      const held = holding
      holding = null
      const release = await held?.catch(() => null)
      release?.()
    },
  }
}

/** Whether the localStorage of this page has a log of a name. */
export function holdsLog(name: string): boolean {
  try {
    return localStorage.getItem(`${name}:head`) !== null
  } catch {
    return false
  }
}

/** Remove a log from the localStorage of this page, where there is one. */
export function removeLog(name: string): void {
  if (!holdsLog(name)) return
  const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? '')
  const [head, body, segments] = keysOf(name)
  for (const key of keys) {
    if (key === head || key === body || key.startsWith(segments)) localStorage.removeItem(key)
  }
}

function keysOf(name: string): readonly [head: string, body: string, segments: string] {
  return [`${name}:head`, `${name}:body`, `${name}:events:`]
}
