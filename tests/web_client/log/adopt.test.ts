import { IDBFactory } from 'fake-indexeddb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Adoption, adopt } from '../../../web_client/src/log/adopt.js'
import { beginLog } from '../../../web_client/src/log/begin.js'
import { compacted } from '../../../web_client/src/log/state.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import { openStore } from '../../../web_client/src/log/store/open.js'
import type { Head, Store } from '../../../web_client/src/log/store/store.js'
import { LocalStorage, placeName, SHOP, START_MS } from '../device.js'
import { held, opened, order, row } from './logs.js'

/** A log of so many events, of which the first are folded and acknowledged. */
async function logOf(amount: number, count: number, head: Partial<Head> = {}): Promise<Store> {
  const { log, store } = await opened()
  for (let index = 0; index < count; index++) await log.track(...order(amount))
  await log.change((state) => {
    const folded = compacted(SHOP, state, head.compacted ?? 0)
    return { state: { ...folded, head: { ...folded.head, ...head } }, result: null }
  })
  return store
}

const adopted = async (from: Store, into: Store, which: Adoption) => {
  const taken = await adopt(from, into, SHOP, which)
  const { log } = await opened({ store: into })
  const { orders, spent } = await row(log)
  return { taken, orders, spent, counts: log.counts() }
}

describe('a log that takes over another', () => {
  test('has the pending events of both, each once, however often it is done', async () => {
    const [from, into] = [await logOf(10, 5, { acked: 2 }), await logOf(1, 3)]
    const copy = await held(from)
    expect(await adopted(from, into, 'pending')).toMatchObject({ taken: 3, orders: 6, spent: 33 })
    await from.transact({}, () => ({ head: copy.head, body: copy.body, replace: copy.events, result: null }))
    expect(await adopted(from, into, 'pending')).toMatchObject({ taken: 0, orders: 6, spent: 33 })
    expect((await held(from)).head).toMatchObject({ last: 0, tracked: 0 })
    expect((await held(from)).head.replica).not.toBe(copy.head.replica)
  })

  test('has what the other had folded for no server', async () => {
    const [from, into] = [await logOf(10, 5, { compacted: 4 }), await logOf(1, 3)]
    const { counts, ...rest } = await adopted(from, into, 'pending')
    expect(rest).toEqual({ taken: 5, orders: 8, spent: 53 })
    expect(counts).toMatchObject({ tracked: 8, pending: 8 })
  })

  test('keeps what it has acknowledged with the replica that it is of', async () => {
    const [from, into] = [await logOf(10, 5, { compacted: 4 }), await logOf(1, 3, { acked: 2 })]
    const before = (await held(into)).head.replica
    expect(await adopted(from, into, 'pending')).toMatchObject({ taken: 5 })
    const { head } = await held(into)
    expect(head.replica).not.toBe(before)
    expect(head).toMatchObject({ acked: 0, compacted: 4, last: 6 })
    const { log } = await opened({ store: into })
    expect(await row(log)).toMatchObject({ orders: 8, spent: 53 })
  })

  test('of another subject takes all that it has', async () => {
    const [from, into] = [await logOf(10, 5, { acked: 4, compacted: 2 }), await logOf(1, 1)]
    expect(await adopted(from, into, 'all')).toMatchObject({ taken: 5, orders: 6, spent: 51 })
  })

  test('has nothing to do where the other never began', async () => {
    const into = await logOf(1, 1)
    expect(await adopted(memoryStore(), into, 'all')).toMatchObject({ taken: 0, orders: 1 })
  })
})

describe('what localStorage took while IndexedDB did not open', () => {
  afterEach(() => vi.unstubAllGlobals())
  const broken = {
    open: () => {
      throw new DOMException('Internal error', 'UnknownError')
    },
  }

  async function visit(name: string, factory: object, count: number) {
    vi.stubGlobal('indexedDB', factory)
    const { store } = await openStore('indexeddb', name, SHOP, async (candidate) => {
      await beginLog(candidate, SHOP, START_MS)
    })
    const { log } = await opened({ store })
    for (let index = 0; index < count; index++) await log.track(...order())
    const seen = { kind: store.kind, tracked: log.counts().tracked, orders: (await row(log)).orders }
    await log.close()
    await store.close()
    return seen
  }

  test('is in the log again on the next visit on which it opens', async () => {
    const storage = new LocalStorage()
    vi.stubGlobal('localStorage', storage)
    const [name, good] = [placeName(), new IDBFactory()]
    expect(await visit(name, good, 1)).toEqual({ kind: 'indexeddb', tracked: 1, orders: 1 })
    expect(await visit(name, broken, 2)).toEqual({ kind: 'localstorage', tracked: 2, orders: 2 })
    expect(await visit(name, broken, 1)).toEqual({ kind: 'localstorage', tracked: 3, orders: 3 })
    expect(await visit(name, good, 0)).toEqual({ kind: 'indexeddb', tracked: 4, orders: 4 })
    expect(storage.length).toBe(0)
    expect(await visit(name, broken, 1)).toEqual({ kind: 'localstorage', tracked: 1, orders: 1 })
    expect(await visit(name, good, 0)).toEqual({ kind: 'indexeddb', tracked: 5, orders: 5 })
  })
})
