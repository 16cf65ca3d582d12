import { describe, expect, test, vi } from 'vitest'
import { StoreFailed } from '../../../web_client/src/log/errors.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import type { Store } from '../../../web_client/src/log/store/store.js'
import { LocalStorage, START_MS } from '../device.js'
import { held, opened, order, row } from './logs.js'

const keys = (storage: Storage) => Array.from({ length: storage.length }, (_, index) => storage.key(index))
const amounts = async (store: Store) => (await held(store)).events.map((event) => event.data.amount)

/** A store whose transactions never end from a moment on, as those of a page that goes. */
function dying(store: Store): { store: Store; dies: () => void; afterCommit: () => void } {
  let mode: 'lives' | 'dies' | 'commits' = 'lives'
  const never = new Promise<never>(() => {})
  return {
    store: {
      ...store,
      async transact(read, decide) {
        if (mode === 'dies') return await never
        const result = await store.transact(read, decide)
        return mode === 'commits' ? await never : result
      },
    },
    dies: () => {
      mode = 'dies'
    },
    afterCommit: () => {
      mode = 'commits'
    },
  }
}

describe('a page that leaves', () => {
  test.each(['hidden', 'gone'] as const)('keeps what it tracks while it is %s', async (presence) => {
    const [storage, base] = [new LocalStorage(), memoryStore()]
    const page = dying(base)
    const { log, clock } = await opened({ store: page.store, journal: storage })
    await log.track(...order(1))
    page.dies()
    clock.nowMs = START_MS + 5
    void log.track(...order(2))
    log.presence(presence)
    void log.track(...order(3))
    clock.nowMs = START_MS + 60_000
    const next = await opened({ store: base, journal: storage, clock })
    expect(await amounts(base)).toEqual([1, 2, 3])
    expect((await held(base)).events.map((event) => event.time)).toEqual([
      START_MS,
      START_MS + 5,
      START_MS + 5,
    ])
    expect(next.log.counts()).toMatchObject({ tracked: 3, pending: 3 })
    expect(await row(next.log)).toMatchObject({ orders: 3, spent: 6 })
    expect(keys(storage)).toEqual([])
  })

  test('has each event once where the transaction ended after all', async () => {
    const [storage, base] = [new LocalStorage(), memoryStore()]
    const page = dying(base)
    const { log } = await opened({ store: page.store, journal: storage })
    log.presence('hidden')
    page.afterCommit()
    void log.track(...order(1))
    await new Promise((resolve) => setTimeout(resolve))
    expect([await amounts(base), keys(storage).length]).toEqual([[1], 1])
    await opened({ store: base, journal: storage })
    expect([await amounts(base), keys(storage)]).toEqual([[1], []])
  })

  test('has each event once where the next opening ends before the journal is gone', async () => {
    const [storage, base] = [new LocalStorage(), memoryStore()]
    const page = dying(base)
    const { log } = await opened({ store: page.store, journal: storage })
    page.dies()
    log.presence('gone')
    void log.track(...order(1))
    const text = storage.getItem(keys(storage)[0] as string) as string
    const key = keys(storage)[0] as string
    await opened({ store: base, journal: storage })
    storage.setItem(key, text)
    await opened({ store: base, journal: storage })
    expect(await amounts(base)).toEqual([1])
  })

  test('begins no transaction once it is gone, and goes on when it comes back', async () => {
    const storage = new LocalStorage()
    const { log, store } = await opened({ journal: storage })
    log.presence('gone')
    const tracked = log.track(...order(7))
    await new Promise((resolve) => setTimeout(resolve))
    expect(await amounts(store)).toEqual([])
    log.presence('here')
    expect(await tracked).toMatchObject({ seq: 1 })
    expect([await amounts(store), keys(storage)]).toEqual([[7], []])
  })

  test('comes back after another tab has taken its journal, and has each event once', async () => {
    const storage = new LocalStorage()
    const { log, store } = await opened({ journal: storage })
    log.presence('gone')
    const tracked = log.track(...order(7))
    await opened({ store, journal: storage })
    log.presence('here')
    expect(await tracked).toMatchObject({ data: { amount: 7 } })
    await log.track(...order(8))
    expect(await amounts(store)).toEqual([7, 8])
    expect(log.counts().tracked).toBe(2)
  })

  test('without a storage, or with a full one, holds events in memory as before', async () => {
    for (const journal of [null, new LocalStorage(10)]) {
      const { log, store } = await opened({ journal })
      log.presence('hidden')
      await log.track(...order(1))
      expect(await amounts(store)).toEqual([1])
    }
  })
})

test('what stands under a journal’s key and is none is passed over', async () => {
  const storage = new LocalStorage()
  storage.setItem('log:journal:a', 'no JSON')
  storage.setItem('log:journal:b', '{"number": 1}')
  storage.setItem('log:journal:c', '[{"number": 1, "event": {"id": "x"}}, null]')
  storage.setItem('another:journal:d', 'not ours')
  const { log } = await opened({ journal: storage })
  expect(log.counts().tracked).toBe(0)
  expect(keys(storage)).toEqual(['another:journal:d'])
})

test('an event of which nobody knows whether it was written is appended once', async () => {
  const base = memoryStore()
  let faults = 2
  const store: Store = {
    ...base,
    async transact(read, decide) {
      const result = await base.transact(read, decide)
      if (faults > 0 && (await held(base)).events.length > 0) {
        faults--
        throw new StoreFailed('memory', new DOMException('it took over 30000 ms', 'TimeoutError'))
      }
      return result
    },
  }
  const { log } = await opened({ store })
  const tracked = log.track(...order(7))
  await vi.waitFor(() => expect(faults).toBe(0), { timeout: 60_000 })
  await log.flush()
  expect(await tracked).toMatchObject({ seq: 1 })
  expect([await amounts(base), log.counts().tracked]).toEqual([[7], 1])
})
