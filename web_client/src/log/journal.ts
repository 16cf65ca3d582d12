/** What a page that is leaving still writes: synchronously, in localStorage, since no transaction of it would end.
 *
 *  A journal is one tab's. Its entries are numbered, and the head says up to which number they are in the log: so the tab itself,
 *  if it comes back, and the next opening, if it does not, append each of them once. */

import { randomEventId } from '../platform/random.js'
import { isObject, isSafeInteger } from '../reducer/canonical.js'
import type { Head, Store, StoredEvent } from './store/store.js'

export type JournalStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

/** An event with its number, and the time at which it was tracked. */
export interface JournalEntry {
  readonly number: number
  readonly event: Omit<StoredEvent, 'seq'>
}

export interface Journal {
  /** The tab's own name in `Head.journals`. */
  readonly tab: string
  /** Write these entries beside those that are there. @returns whether the storage took them. */
  write(entries: readonly JournalEntry[]): boolean
  /** Forget the entries up to a number: they are in the log. */
  forget(number: number): void
}

const MAX_TABS = 16
const PREFIX = ':journal:'

/** Return this tab's journal of a log; without a storage it takes nothing. */
export function createJournal(name: string, storage: JournalStorage | null): Journal {
  const tab = randomEventId()
  const key = `${name}${PREFIX}${tab}`
  let held: readonly JournalEntry[] = []

  function put(entries: readonly JournalEntry[]): boolean {
    try {
      if (entries.length === 0) storage?.removeItem(key)
      else storage?.setItem(key, JSON.stringify(entries))
      held = entries
      return storage !== null
    } catch {
      // Full, or forbidden since: the events wait in memory, as they would without a journal.
      return false
    }
  }

  return {
    tab,
    write: (entries) => put([...held, ...entries]),
    forget(number) {
      if (held.length > 0) put(held.filter((entry) => entry.number > number))
    },
  }
}

/** Append what the journals of a log hold and it does not, then remove them.
 *
 *  @returns how many events were appended. */
export async function adoptJournals(
  name: string,
  store: Store,
  storage: JournalStorage | null,
): Promise<number> {
  const journals = storage === null ? [] : journalsOf(name, storage)
  let adopted = 0
  for (const { key, tab, entries } of journals) {
    adopted += await store.transact({}, ({ head }) => {
      if (head === null) return { result: 0 }
      const fresh = entries.filter(({ number }) => number > (head.journals[tab] ?? 0))
      if (fresh.length === 0) return { result: 0 }
      const append = fresh.map(({ event }, index) => ({ ...event, seq: head.last + 1 + index }))
      const number = Math.max(...fresh.map((entry) => entry.number))
      return { head: appended(noted(head, tab, number), append), append, result: append.length }
    })
    storage?.removeItem(key)
  }
  return adopted
}

/** Forget the journals of a log: what it held is erased. */
export function dropJournals(name: string, storage: JournalStorage | null): void {
  if (storage === null) return
  for (const { key } of journalsOf(name, storage)) storage.removeItem(key)
}

/** Return the head after events were appended whose time is not to be given anew. */
export function appended(head: Head, events: readonly StoredEvent[]): Head {
  const time = Math.max(head.time, ...events.map((event) => event.time))
  return { ...head, time, last: head.last + events.length, tracked: head.tracked + events.length }
}

/** Return the head in which a journal's entries up to a number are in the log. */
export function noted(head: Head, tab: string, number: number): Head {
  const others = Object.entries(head.journals).filter(([name]) => name !== tab)
  return { ...head, journals: Object.fromEntries([...others.slice(1 - MAX_TABS), [tab, number]]) }
}

function journalsOf(name: string, storage: JournalStorage) {
  const prefix = `${name}${PREFIX}`
  try {
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
    return keys
      .filter((key) => key.startsWith(prefix))
      .map((key) => ({ key, tab: key.slice(prefix.length), entries: parseEntries(storage.getItem(key)) }))
  } catch {
    return []
  }
}

/** Whatever the page's origin has put there may stand under such a key. */
function parseEntries(text: string | null): readonly JournalEntry[] {
  let value: unknown
  try {
    value = JSON.parse(text ?? '')
  } catch {
    return []
  }
  return Array.isArray(value) ? value.filter(isEntry) : []
}

function isEntry(value: unknown): value is JournalEntry {
  if (!isObject(value) || !isSafeInteger(value.number) || !isObject(value.event)) return false
  const { id, type, time, data } = value.event
  const named = typeof id === 'string' && /^[A-Za-z0-9_-]{8,22}$/.test(id) && typeof type === 'string'
  return named && isSafeInteger(time) && time >= 0 && isObject(data)
}

/** Return the storage that journals are written to, null where the page may have none. */
export function journalStorage(): JournalStorage | null {
  try {
    return (globalThis as { readonly localStorage?: Storage }).localStorage ?? null
  } catch {
    return null
  }
}
