import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { StoreFailed } from '../../../web_client/src/log/errors.js'
import { freshState } from '../../../web_client/src/log/state.js'
import { indexedDbStore } from '../../../web_client/src/log/store/indexeddb.js'
import { localStorageStore } from '../../../web_client/src/log/store/localstorage.js'
import { openStore } from '../../../web_client/src/log/store/open.js'
import type { Head, Store, StoredEvent } from '../../../web_client/src/log/store/store.js'
import { LocalStorage, PLACES, placeName, SHOP, START_MS } from '../device.js'

const { head: HEAD, body: BODY } = freshState(SHOP, '0'.repeat(32))

function event(seq: number, id = `id${String(seq).padStart(6, '0')}`): StoredEvent {
  return { seq, id, type: 'order', time: START_MS + seq, data: { amount: 19.99, key: 'schön 😀' } }
}

function events(from: number, to: number): StoredEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => event(from + index))
}

const all = (store: Store) => store.transact({ body: true, after: 0 }, (found) => ({ result: found }))
const seqs = async (store: Store) => (await all(store)).events.map((held) => held.seq)

/** Append as a log does: the seq comes from the head that the same transaction read. */
function append(store: Store, id?: string): Promise<number> {
  return store.transact({}, ({ head }) => {
    const last = (head?.last ?? 0) + 1
    return { head: { ...(head ?? HEAD), last }, append: [event(last, id)], result: last }
  })
}

async function begun(store: Store, count: number): Promise<Store> {
  await store.transact({}, () => ({
    head: { ...HEAD, last: count },
    body: BODY,
    append: events(1, count),
    result: null,
  }))
  return store
}

describe.each(PLACES)('the %s store', (kind, place) => {
  test('is empty at first', async () => {
    const store = place().open()
    expect(await all(store)).toEqual({ head: null, body: null, events: [] })
    expect(store.kind).toBe(kind)
  })

  test('returns what was written, to every tab', async () => {
    const { open } = place()
    await begun(open(), 3)
    expect(await all(open())).toEqual({ head: { ...HEAD, last: 3 }, body: BODY, events: events(1, 3) })
  })

  test('reads only what is asked for', async () => {
    const store = await begun(place().open(), 5)
    const found = await store.transact({ after: 3 }, (read) => ({ result: read }))
    expect(found).toEqual({ head: { ...HEAD, last: 5 }, body: null, events: events(4, 5) })
    expect((await store.transact({}, (read) => ({ result: read }))).events).toEqual([])
    expect((await store.transact({ after: 9 }, (read) => ({ result: read }))).events).toEqual([])
  })

  test('leaves everything as it was when the decision throws', async () => {
    const store = await begun(place().open(), 2)
    const broken = store.transact({}, () => {
      throw new RangeError('no')
    })
    await expect(broken).rejects.toThrow(new RangeError('no'))
    expect(await seqs(store)).toEqual([1, 2])
    expect(await append(store)).toBe(3)
  })

  test('forgets rows up to a seq, and replaces all of them', async () => {
    const store = await begun(place().open(), 200)
    await store.transact({}, ({ head }) => ({
      head: { ...(head as Head), compacted: 150 },
      forget: 150,
      result: null,
    }))
    expect(await seqs(store)).toEqual(events(151, 200).map((held) => held.seq))
    const kept = [event(1, 'aaaaaaaa'), event(2, 'bbbbbbbb')]
    await store.transact({ after: 0 }, ({ head }) => ({
      head: { ...(head as Head), compacted: 0, last: 2 },
      replace: kept,
      result: null,
    }))
    expect((await all(store)).events).toEqual(kept)
    expect(await append(store)).toBe(3)
    expect(await seqs(store)).toEqual([1, 2, 3])
  })

  test('gives each of 200 concurrent appends of two tabs a seq of its own', async () => {
    const { open } = place()
    const tabs = [open(), open()] as const
    const given = await Promise.all(
      Array.from({ length: 200 }, (_, index) => append(tabs[index % 2] as Store, `${1e7 + index}`)),
    )
    expect([...given].sort((a, b) => a - b)).toEqual(events(1, 200).map((held) => held.seq))
    for (const tab of tabs) {
      const held = (await all(tab)).events
      expect(held.map((one) => one.seq)).toEqual(events(1, 200).map((one) => one.seq))
      expect(new Set(held.map((one) => one.id)).size).toBe(200)
    }
  })

  test('can be used again after it was closed', async () => {
    const { open } = place()
    const store = await begun(open(), 1)
    await store.close()
    expect(await append(store)).toBe(2)
    expect(await seqs(open())).toEqual([1, 2])
  })
})

describe('the indexeddb store', () => {
  test('refuses a seq that is given out twice, and writes nothing of that transaction', async () => {
    const store = await begun(indexedDbStore('edgefold', new IDBFactory()), 2)
    const twice = store.transact({}, () => ({
      head: { ...HEAD, last: 99 },
      append: [event(2)],
      result: null,
    }))
    await expect(twice).rejects.toMatchObject({ name: 'StoreFailed', store: 'indexeddb', full: false })
    expect((await all(store)).head?.last).toBe(2)
  })

  test('lets another tab delete the database, and begins again', async () => {
    const factory = new IDBFactory()
    const store = await begun(indexedDbStore('edgefold', factory), 2)
    await new Promise<void>((resolve, reject) => {
      const request = factory.deleteDatabase('edgefold')
      request.onsuccess = () => resolve()
      request.onblocked = () => reject(new Error('the open connection blocks it'))
    })
    expect(await all(store)).toEqual({ head: null, body: null, events: [] })
  })

  test('asks for strict durability only where it is told to', async () => {
    const asked: unknown[] = []
    const factory = new IDBFactory()
    const store = indexedDbStore('edgefold', factory)
    await begun(store, 1)
    const spied = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
      this: IDBDatabase,
      ...given: Parameters<IDBDatabase['transaction']>
    ) {
      asked.push(given[2]?.durability)
      spied.mockRestore()
      return this.transaction(...given)
    })
    await store.transact({ strict: true }, () => ({ result: null }))
    expect(asked).toEqual(['strict'])
  })
})

describe('the localstorage store', () => {
  test('is left as it was when there is no room for the whole of a write', async () => {
    const storage = new LocalStorage(20_000)
    const store = await begun(localStorageStore(placeName(), storage), 60)
    const before = await all(store)
    const write = store.transact({}, () => ({
      head: { ...HEAD, last: 300 },
      append: events(61, 300),
      result: null,
    }))
    await expect(write).rejects.toMatchObject({ name: 'StoreFailed', full: true })
    expect(await all(store)).toEqual(before)
  })

  test('serves one tab: another is refused until it is closed', async () => {
    const storage = new LocalStorage()
    const [first, second] = [localStorageStore('one tab', storage), localStorageStore('one tab', storage)]
    await begun(first, 1)
    await expect(append(second)).rejects.toThrow('another tab has it')
    await first.close()
    expect(await append(second)).toBe(2)
    await expect(append(first)).rejects.toThrow(StoreFailed)
    await second.close()
  })

  test('counts an event whose head was not written before a crash', async () => {
    const storage = new LocalStorage()
    const name = placeName()
    const store = await begun(localStorageStore(name, storage), 1)
    const before = storage.getItem(`${name}:head`) as string
    await append(store)
    storage.setItem(`${name}:head`, before)
    await store.close()
    expect((await all(localStorageStore(name, storage))).head).toMatchObject({ last: 2, tracked: 1 })
  })
})

describe('a browser that refuses', () => {
  const begin = async (store: Store) => {
    await begun(store, 1)
  }
  afterEach(() => vi.unstubAllGlobals())

  test('IndexedDB gets localStorage', async () => {
    vi.stubGlobal('indexedDB', {
      open() {
        throw new DOMException('a private window', 'InvalidStateError')
      },
    })
    vi.stubGlobal('localStorage', new LocalStorage())
    const { store, refused } = await openStore('indexeddb', placeName(), SHOP, begin)
    expect(store.kind).toBe('localstorage')
    expect(store.mayLose).toContain('seconds')
    expect(refused).toMatchObject([{ name: 'StoreFailed', store: 'indexeddb' }])
  })

  test('both gets memory', async () => {
    vi.stubGlobal('indexedDB', undefined)
    vi.stubGlobal('localStorage', new LocalStorage(0))
    const { store, refused } = await openStore('indexeddb', placeName(), SHOP, begin)
    expect(store.kind).toBe('memory')
    expect(refused.map((error) => error.store)).toEqual(['indexeddb', 'localstorage'])
  })
})

/** Count what passes between the stores and what they stand on: rows of IndexedDB, characters of localStorage. */
function countMoved(): () => number {
  let moved = 0
  onTestFinished(() => void vi.restoreAllMocks())
  const rows = ({ result }: IDBRequest) => {
    moved += Array.isArray(result) ? result.length : 1
  }
  for (const name of ['get', 'getAll', 'getAllKeys', 'put', 'add', 'openCursor', 'delete'] as const) {
    const plain = IDBObjectStore.prototype[name] as (...given: unknown[]) => IDBRequest
    vi.spyOn(IDBObjectStore.prototype, name).mockImplementation(function (
      this: unknown,
      ...given: unknown[]
    ) {
      const request = plain.apply(this, given)
      request.addEventListener('success', () => rows(request))
      return request as never
    })
  }
  const { getItem, setItem } = LocalStorage.prototype
  vi.spyOn(LocalStorage.prototype, 'getItem').mockImplementation(function (this: LocalStorage, key) {
    const text = getItem.call(this, key)
    moved += text?.length ?? 0
    return text
  })
  vi.spyOn(LocalStorage.prototype, 'setItem').mockImplementation(function (this: LocalStorage, key, text) {
    moved += text.length
    setItem.call(this, key, text)
  })
  return () => moved
}

describe.each(PLACES.filter(([kind]) => kind !== 'memory'))('appending to %s', (_, place) => {
  const SEGMENT_EVENTS = 64 // after as many appends, a store in segments has filled one
  test('moves as much at 10,000 stored events as at 100', async () => {
    const moved = countMoved()
    const cost = async (stored: number) => {
      const store = await begun(place().open(), stored)
      const before = moved()
      for (let turn = 0; turn < SEGMENT_EVENTS; turn++) await append(store)
      return moved() - before
    }
    const [few, many] = [await cost(100), await cost(10_000)]
    expect(few).toBeGreaterThan(SEGMENT_EVENTS)
    expect(many).toBeLessThan(1.2 * few) // a seq has more digits; of a store that reads its log it would be near 100
  })
})
