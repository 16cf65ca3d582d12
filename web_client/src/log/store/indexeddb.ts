/** The default store: IndexedDB, one row an event, keyed by its seq. */

import { ClientError, StoreFailed } from '../errors.js'
import type { Body, Found, Head, Read, Store, StoredEvent, Write } from './store.js'

const VERSION = 1
const KIND = 'indexeddb'
const META = 'meta'
const EVENTS = 'events'
// Some browsers never answer an open in their private mode; and a page that was left in the middle may block the next.
const OPEN_TIMEOUT_MS = 10_000
const TRANSACTION_TIMEOUT_MS = 30_000
/** What a transaction fails with for what it was to write; anything else is a fault of the connection. */
const FAULTS_OF_DATA = [
  'QuotaExceededError',
  'NS_ERROR_DOM_QUOTA_REACHED',
  'ConstraintError',
  'DataCloneError',
]

/** Return the store of a database. Its connection is opened by the first transaction, and anew after any failure of it: a browser
 *  may end its database process under an open page, and tells it by the next transaction only. */
export function indexedDbStore(name: string, factory: IDBFactory = indexedDB): Store {
  let opening: Promise<IDBDatabase> | null = null
  let failing = false

  function connection(): Promise<IDBDatabase> {
    if (opening !== null) return opening
    const attempt = open(factory, name, () => drop(attempt))
    attempt.catch(() => drop(attempt))
    opening = attempt
    return attempt
  }

  function drop(held: Promise<IDBDatabase> | null): void {
    if (held === null || opening !== held) return
    opening = null
    held.then(
      (database) => database.close(),
      () => {},
    )
  }

  async function attempt<Result>(read: Read, decide: (found: Found) => Write<Result>): Promise<Result> {
    const held = connection()
    const database = await held
    try {
      const durability = read.strict ? 'strict' : 'relaxed'
      return await run(database.transaction([META, EVENTS], 'readwrite', { durability }), read, decide)
    } catch (error) {
      if (!(error instanceof Thrown) && !FAULTS_OF_DATA.includes((error as Error).name)) drop(held)
      throw error
    }
  }

  return {
    kind: KIND,
    get mayLose() {
      return failing ? 'what was not written, while the browser does not open its database' : null
    },
    async transact(read, decide) {
      try {
        const result = await attempt(read, decide).catch((error: unknown) => {
          // The connection was closed under us before anything began: once more, on a new one.
          if (!isClosed(error)) throw error
          return attempt(read, decide)
        })
        failing = false
        return result
      } catch (error) {
        if (error instanceof Thrown) throw error.cause
        failing = true
        throw error instanceof StoreFailed ? error : new StoreFailed(KIND, error)
      }
    },
    async close() {
      const held = opening
      drop(held)
      await held?.catch(() => null)
    },
  }
}

/** What `decide` threw, apart from what the database did. */
class Thrown extends ClientError {
  constructor(override readonly cause: unknown) {
    super('the decision threw')
  }
}

/** What `transaction` of a closed connection throws; of an open one it throws nothing of these names. */
function isClosed(error: unknown): boolean {
  return ['InvalidStateError', 'UnknownError'].includes((error as Error).name)
}

function open(factory: IDBFactory, name: string, closed: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, VERSION)
    let late = false
    const timer = setTimeout(() => {
      late = true
      reject(new ClientError(`the database ${name} did not open within ${OPEN_TIMEOUT_MS} ms`))
    }, OPEN_TIMEOUT_MS)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(META)
      request.result.createObjectStore(EVENTS, { keyPath: 'seq' })
    }
    request.onsuccess = () => {
      clearTimeout(timer)
      const database = request.result
      if (late) return database.close()
      // Another tab deletes or upgrades the database: it would wait for us for ever.
      database.onversionchange = closed
      database.onclose = closed
      resolve(database)
    }
    request.onerror = () => {
      clearTimeout(timer)
      reject(request.error)
    }
  })
}

/** A transaction commits as soon as it has no request left, so nothing here awaits: each step is a request's callback. */
function run<Result>(
  transaction: IDBTransaction,
  read: Read,
  decide: (found: Found) => Write<Result>,
): Promise<Result> {
  const meta = transaction.objectStore(META)
  const events = transaction.objectStore(EVENTS)
  return new Promise((resolve, reject) => {
    let write: Write<Result> | undefined
    let thrown: Thrown | undefined
    const timer = setTimeout(() => {
      reject(new DOMException(`a transaction took over ${TRANSACTION_TIMEOUT_MS} ms`, 'TimeoutError'))
      try {
        transaction.abort()
      } catch {
        // It has ended meanwhile.
      }
    }, TRANSACTION_TIMEOUT_MS)
    const head: IDBRequest<Head | undefined> = meta.get('head')
    const body: IDBRequest<Body | undefined> | null = read.body ? meta.get('body') : null
    const range = rangeOf(read)
    const rows: IDBRequest<StoredEvent[]> | null = range === null ? null : events.getAll(range)
    const last = rows ?? body ?? head
    last.onsuccess = () => {
      try {
        write = decide({
          head: head.result ?? null,
          body: body?.result ?? null,
          events: rows?.result ?? [],
        })
        apply(write, meta, events)
        // Nothing more is asked of it: the page need not hear of each request.
        transaction.commit?.()
      } catch (error) {
        thrown = new Thrown(error)
        transaction.abort()
      }
    }
    transaction.oncomplete = () => {
      clearTimeout(timer)
      resolve((write as Write<Result>).result)
    }
    transaction.onabort = () => {
      clearTimeout(timer)
      reject(thrown ?? transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'))
    }
  })
}

/** The keys of the rows that are asked for; null where there are none. */
function rangeOf({ after, upTo = Number.POSITIVE_INFINITY }: Read): IDBKeyRange | null {
  if (after === undefined || upTo <= after) return null
  if (upTo === Number.POSITIVE_INFINITY) return IDBKeyRange.lowerBound(after, true)
  return IDBKeyRange.bound(after, upTo, true, false)
}

function apply(write: Write<unknown>, meta: IDBObjectStore, events: IDBObjectStore): void {
  if (write.replace !== undefined) events.clear()
  if (write.forget !== undefined) events.delete(IDBKeyRange.upperBound(write.forget))
  for (const event of write.replace ?? []) events.put(event)
  // `add` and not `put`: a seq that is given out twice must fail, not overwrite.
  for (const event of write.append ?? []) events.add(event)
  if (write.body !== undefined) meta.put(write.body, 'body')
  if (write.head !== undefined) meta.put(write.head, 'head')
}
