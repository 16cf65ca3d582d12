/** The default store: IndexedDB, one row an event, keyed by its seq. */

import { ClientError, StoreFailed } from '../errors.js'
import type { Body, Found, Head, Read, Store, StoredEvent, Write } from './store.js'

const VERSION = 1
const KIND = 'indexeddb'
const META = 'meta'
const EVENTS = 'events'
// Some browsers never answer an open in their private mode.
const OPEN_TIMEOUT_MS = 10_000

/** Return the store of a database; it is opened at the first transaction, and again after the browser has closed it. */
export function indexedDbStore(name: string, factory: IDBFactory = indexedDB): Store {
  let opening: Promise<IDBDatabase> | null = null

  function connection(): Promise<IDBDatabase> {
    if (opening === null) {
      const attempt = open(factory, name, () => {
        if (opening === attempt) opening = null
      })
      opening = attempt
      attempt.catch(() => {
        if (opening === attempt) opening = null
      })
    }
    return opening
  }

  async function begin(read: Read): Promise<IDBTransaction> {
    const durability = read.strict ? 'strict' : 'relaxed'
    const start = async () => (await connection()).transaction([META, EVENTS], 'readwrite', { durability })
    try {
      return await start()
    } catch (error) {
      // The connection was closed under us, by a new version or by the browser: once more, on a new one.
      if ((error as Error).name !== 'InvalidStateError') throw error
      opening = null
      return await start()
    }
  }

  return {
    kind: KIND,
    mayLose: null,
    async transact(read, decide) {
      try {
        const transaction = await begin(read)
        return await run(transaction, read, decide)
      } catch (error) {
        if (error instanceof Thrown) throw error.cause
        throw error instanceof StoreFailed ? error : new StoreFailed(KIND, error)
      }
    },
    async close() {
      const held = opening
      opening = null
      if (held !== null) (await held.catch(() => null))?.close()
    },
  }
}

/** What `decide` threw, apart from what the database did. */
class Thrown extends ClientError {
  constructor(override readonly cause: unknown) {
    super('the decision threw')
  }
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
      database.onversionchange = () => {
        database.close()
        closed()
      }
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
    const head: IDBRequest<Head | undefined> = meta.get('head')
    const body: IDBRequest<Body | undefined> | null = read.body ? meta.get('body') : null
    const rows: IDBRequest<StoredEvent[]> | null =
      read.after === undefined ? null : events.getAll(IDBKeyRange.lowerBound(read.after, true))
    const last = rows ?? body ?? head
    last.onsuccess = () => {
      try {
        write = decide({
          head: head.result ?? null,
          body: body?.result ?? null,
          events: rows?.result ?? [],
        })
        apply(write, meta, events)
      } catch (error) {
        thrown = new Thrown(error)
        transaction.abort()
      }
    }
    transaction.oncomplete = () => resolve((write as Write<Result>).result)
    transaction.onabort = () => reject(thrown ?? transaction.error)
  })
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
