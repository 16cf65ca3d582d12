import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Client, ScoreResult, Status } from '../../../web_client/src/client/client.js'
import { openClient } from '../../../web_client/src/client/open.js'
import { localStorageStore } from '../../../web_client/src/log/store/localstorage.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import type { Store, StoredEvent } from '../../../web_client/src/log/store/store.js'
import { profileToJson } from '../../../web_client/src/reducer/profile.js'
import { bundleOf, LocalStorage, openShop, PLACES, placeName, SHOP, START_MS, WallClock } from '../device.js'

const RUNS = {
  numRuns: Number(process.env.EDGEFOLD_COUNT ?? 40),
  seed: Number(process.env.EDGEFOLD_SEED ?? 1),
}
const open: Client[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
})

async function shop(options: Parameters<typeof openShop>[0]): Promise<Client> {
  const client = await openShop(options)
  open.push(client)
  return client
}

function adds({ tracked, acknowledged, pending, rejected }: Status): boolean {
  return tracked === acknowledged + pending + rejected
}

describe.each(PLACES)('a client on %s', (_, place) => {
  test('scores exactly the events that were tracked before', async () => {
    const client = await shop({ store: place().open() })
    await client.track('order', { amount: 19.99 })
    await client.track('view', { page: 'home' })
    const first = await client.score()
    expect(first.features).toMatchObject({ orders: 1, spent: 19.99, views: 1, last_page: 'home' })
    expect([first.score, first.label, first.now]).toEqual([0.1, 0, START_MS + 1])
    await client.track('order', { amount: 5 })
    expect((await client.score()).features).toMatchObject({ orders: 2, spent: 24.99 })
    expect(client.status()).toMatchObject({ tracked: 3, acknowledged: 0, pending: 3, rejected: 0 })
  })

  test('has what it tracked when it is opened again', async () => {
    const { open } = place()
    const before = await openShop({ store: open() })
    await before.track('order', { amount: 1 })
    await before.close()
    const after = await shop({ store: open() })
    expect(after.status()).toMatchObject({ tracked: 1, pending: 1, replica: before.status().replica })
    expect((await after.score()).features).toMatchObject({ orders: 1 })
  })

  test('shares one log with the other tabs: each seq once, and the same profile', async () => {
    const { open } = place()
    const name = `tabs-${Math.random()}`
    const tabs = [await shop({ store: open(), name }), await shop({ store: open(), name })] as const
    const events = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (tabs[index % 2] as Client).track('order', { amount: index }),
      ),
    )
    expect(events.map((event) => event.seq).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    )
    expect(new Set(events.map((event) => event.id)).size).toBe(100)
    const [a, b] = await Promise.all(tabs.map((tab) => tab.score()))
    expect(profileToJson((a as ScoreResult).profile)).toBe(profileToJson((b as ScoreResult).profile))
    expect((a as ScoreResult).features).toMatchObject({ orders: 100, spent: 4_950 })
  })

  test('never lets time run backwards, in any tab and after a reload', async () => {
    const { open } = place()
    const clock = new WallClock()
    const first = await shop({ store: open(), clock: clock.read })
    const second = await shop({ store: open(), clock: () => clock.nowMs - 60_000 })
    expect((await first.track('order', { amount: 1 })).time).toBe(START_MS)
    expect((await second.track('order', { amount: 1 })).time).toBe(START_MS)
    const { now } = await second.score()
    expect(now).toBe(START_MS + 1)
    clock.nowMs = START_MS - 3_600_000
    expect((await first.track('order', { amount: 1 })).time).toBe(now)
    const third = await shop({ store: open(), clock: () => Number.NaN })
    expect((await third.track('order', { amount: 1 })).time).toBeGreaterThanOrEqual(now)
  })

  test('adds up after any sequence of calls', async () => {
    const calls = fc.array(fc.constantFrom('good', 'bad', 'score', 'reopen', 'other tab', 'burst'), {
      maxLength: 15,
    })
    await fc.assert(
      fc.asyncProperty(calls, async (script) => {
        const { open } = place()
        let client = await openShop({ store: open() })
        const other = await openShop({ store: open() })
        let [good, bad] = [0, 0]
        for (const call of script) {
          if (call === 'score') await client.score()
          if (call === 'bad') await client.track('order', { amount: 'x' }).catch(() => bad++)
          if (call === 'good') await client.track('order', { amount: 1 }).then(() => good++)
          if (call === 'other tab') await other.track('order', { amount: 1 }).then(() => good++)
          if (call === 'burst') {
            for (let index = 0; index < 3; index++)
              void client.track('order', { amount: 1 }).then(() => good++)
            client.track('nothing').catch(() => bad++)
            expect(adds(client.status())).toBe(true)
          }
          if (call === 'reopen') {
            await client.close()
            client = await openShop({ store: open() })
          }
          expect(adds(client.status())).toBe(true)
        }
        await client.close()
        const last = await openShop({ store: open() })
        expect(last.status()).toMatchObject({
          tracked: good + bad,
          pending: good,
          rejected: bad,
          acknowledged: 0,
        })
        expect((await last.score()).features).toMatchObject({ orders: good })
        await Promise.all([last.close(), other.close()])
      }),
      RUNS,
    )
  })

  test('exports all that it holds, and erases it', async () => {
    const client = await shop({ store: place().open() })
    await client.track('order', { amount: 19.99, key: 'secret' })
    const exported = JSON.parse(JSON.stringify(await client.export())) as Record<string, unknown>
    expect(exported.events).toMatchObject([{ type: 'order', data: { amount: 19.99, key: 'secret' } }])
    const { replica } = client.status()
    await client.erase()
    expect(client.status()).toMatchObject({ tracked: 0, pending: 0, acknowledged: 0, rejected: 0 })
    expect(client.status().replica).not.toBe(replica)
    expect(JSON.stringify(await client.export())).not.toContain('secret')
    expect((await client.score()).features).toMatchObject({ orders: 0 })
  })
})

describe('at the door', () => {
  test.each([
    ['an undeclared event', 'refund', { amount: 1 }],
    ['NaN', 'order', { amount: Number.NaN }],
    ['an infinite number', 'order', { amount: Number.POSITIVE_INFINITY }],
    ['a wrong type', 'order', { amount: '19.99' }],
    ['a lone surrogate', 'order', { amount: 1, key: '\ud800' }],
    ['an undeclared field', 'order', { amount: 1, color: 'red' }],
    ['a missing field', 'order', {}],
    ['no object', 'order', 7],
    ['nothing at all', undefined, undefined],
  ])('%s is refused by its name, counted, and breaks nothing', async (_, type, data) => {
    const client = await shop({ store: memoryStore() })
    const refused = client.track(type as string, data as Record<string, unknown>)
    await expect(refused).rejects.toMatchObject({ name: 'InvalidEvent' })
    await client.track('order', { amount: 1 })
    expect(client.status()).toMatchObject({ tracked: 2, pending: 1, rejected: 1 })
    expect((await client.score()).features).toMatchObject({ orders: 1 })
  })

  test('what the page does to its object afterwards changes no event', async () => {
    const client = await shop({ store: memoryStore() })
    const data = { amount: 1 }
    const tracking = client.track('order', data)
    data.amount = 99
    const event = await tracking
    expect(() => {
      ;(event.data as { amount: number }).amount = 99
    }).toThrow(TypeError)
    expect((await client.score()).features).toMatchObject({ spent: 1 })
  })

  test('a field that is undefined is one that is missing', async () => {
    const client = await shop({ store: memoryStore() })
    const event = await client.track('order', { amount: 1, key: undefined })
    expect(event.data).toEqual({ amount: 1 })
  })

  test('every call after close is refused, and closing again is harmless', async () => {
    const client = await openShop({ store: memoryStore() })
    await client.track('order', { amount: 1 })
    await client.close()
    await client.close()
    for (const call of ['track', 'score', 'sync', 'export', 'erase'] as const) {
      await expect(client[call]('order')).rejects.toMatchObject({ name: 'ClientClosed', call })
    }
    expect(client.status()).toMatchObject({ tracked: 1, closed: true })
  })

  test('close waits for what is being written', async () => {
    const store = memoryStore()
    const client = await openShop({ store })
    const tracked: Promise<StoredEvent>[] = []
    for (let index = 0; index < 600; index++) tracked.push(client.track('order', { amount: 1 }))
    await client.close()
    expect((await Promise.all(tracked)).length).toBe(600)
  })

  test('a local-only client makes no request', async () => {
    const fetched = vi.fn()
    const client = await shop({ store: memoryStore(), fetch: fetched as unknown as typeof fetch })
    await client.track('order', { amount: 1 })
    await client.score()
    expect(await client.sync()).toEqual({ outcome: 'local_only', steps: [], error: null, retryAfterMs: 0 })
    await client.erase()
    expect(fetched).not.toHaveBeenCalled()
  })
})

describe('a score listener', () => {
  const next = (client: Client) => new Promise<ScoreResult>((resolve) => client.on('score', resolve))

  test('hears of a trigger, counted', async () => {
    const client = await shop({ store: memoryStore() })
    const heard = next(client)
    void client.track('order', { amount: 1 })
    expect((await heard).features).toMatchObject({ orders: 1 })
  })

  test('hears of a trigger in another tab', async () => {
    const [store, name] = [memoryStore(), 'two-tabs']
    const [a, b] = [await shop({ store, name }), await shop({ store, name })]
    const heard = next(b)
    await a.track('order', { amount: 1 })
    expect((await heard).features).toMatchObject({ orders: 1 })
  })

  test('hears once of many, and not at all of another event', async () => {
    const client = await shop({ store: memoryStore() })
    const scores: ScoreResult[] = []
    const end = client.on('score', (score) => scores.push(score))
    await client.track('view', { page: 'home' })
    await client.score()
    expect(scores).toEqual([])
    await Promise.all(Array.from({ length: 50 }, () => client.track('order', { amount: 1 })))
    await vi.waitFor(() => expect(scores.at(-1)?.features).toMatchObject({ orders: 50 }))
    expect(scores.length).toBeLessThan(5)
    end()
    const before = scores.length
    await client.track('order', { amount: 1 })
    await client.score()
    expect(scores.length).toBe(before)
  })

  test('that throws breaks nothing and is reported', async () => {
    const client = await shop({ store: memoryStore() })
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    client.on('score', () => {
      throw new RangeError('mine')
    })
    const heard = next(client)
    await client.track('order', { amount: 1 })
    expect((await heard).features).toMatchObject({ orders: 1 })
    expect(errors).toEqual([new RangeError('mine')])
  })

  test('of the status hears what another tab has changed', async () => {
    const [store, name] = [memoryStore(), 'status-tabs']
    const [a, b] = [await shop({ store, name }), await shop({ store, name })]
    const heard: Status[] = []
    b.on('status', (status) => heard.push(status))
    await a.track('view', { page: 'home' })
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ tracked: 1, pending: 1 }))
    await a.erase()
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ tracked: 0, replica: a.status().replica }))
  })

  test('of the status hears what changed', async () => {
    const client = await shop({ store: memoryStore() })
    const heard: Status[] = []
    client.on('status', (status) => heard.push(status))
    await client.track('order', { amount: 1 })
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ tracked: 1, pending: 1 }))
    expect(heard.every(adds)).toBe(true)
  })
})

describe('a device without room', () => {
  test('keeps its events in memory until there is some, and says so', async () => {
    const storage = new LocalStorage(4_000)
    const client = await shop({ store: localStorageStore(placeName(), storage) })
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    const tracking = Array.from({ length: 60 }, () => client.track('order', { amount: 1 }))
    await vi.waitFor(() => expect(errors[0]).toMatchObject({ name: 'StoreFailed', full: true }))
    expect(client.status()).toMatchObject({ tracked: 60, pending: 60 })
    ;(storage as unknown as { maxCharacters: number }).maxCharacters = 1e6
    await Promise.all(tracking)
    expect((await client.score()).features).toMatchObject({ orders: 60 })
  })

  test('folds a log that no server acknowledges, and goes on', async () => {
    const storage = new LocalStorage(700_000)
    const client = await shop({ store: localStorageStore(placeName(), storage) })
    for (let round = 0; round < 30; round++) {
      await Promise.all(
        Array.from({ length: 256 }, () => client.track('order', { amount: 1, key: 'filler' })),
      )
    }
    expect((await client.score()).features).toMatchObject({ orders: 7_680 })
    expect(((await client.export()).events as unknown[]).length).toBeLessThan(7_000)
    expect(client.status()).toMatchObject({ tracked: 7_680, pending: 7_680, errors: [] })
  })

  test('rejects at close what it could not write', async () => {
    const storage = new LocalStorage(3_000)
    const client = await openShop({ store: localStorageStore(placeName(), storage) })
    const tracking = Promise.allSettled(
      Array.from({ length: 60 }, () => client.track('order', { amount: 1 })),
    )
    await client.close()
    expect(await tracking).toMatchObject(
      Array.from({ length: 60 }, () => ({ status: 'rejected', reason: { name: 'StoreFailed' } })),
    )
  })
})

test('a store whose data was cleared under an open page begins again', async () => {
  let inner: Store = memoryStore()
  const store: Store = {
    kind: 'own',
    mayLose: null,
    transact: (...given) => inner.transact(...given),
    async close() {},
  }
  const client = await shop({ store })
  await client.track('order', { amount: 1 })
  const { replica } = client.status()
  inner = memoryStore()
  expect((await client.track('order', { amount: 1 })).seq).toBe(1)
  expect((await client.score()).features).toMatchObject({ orders: 1 })
  expect(client.status().replica).not.toBe(replica)
})

test('a score at 10,000 stored events reads only the new ones', async () => {
  const inner = memoryStore()
  const reads: number[] = []
  const store: Store = {
    ...inner,
    transact: (read, decide) =>
      inner.transact(read, (found) => {
        reads.push(found.events.length)
        return decide(found)
      }),
  }
  const client = await shop({ store })
  await Promise.all(Array.from({ length: 10_000 }, () => client.track('order', { amount: 1 })))
  await client.score()
  await client.track('order', { amount: 1 })
  reads.length = 0
  expect((await client.score()).features).toMatchObject({ orders: 10_001 })
  expect(reads).toEqual([1])
})

test('a browser that refuses IndexedDB is told of in the status', async () => {
  vi.stubGlobal('indexedDB', undefined)
  vi.stubGlobal('localStorage', new LocalStorage())
  try {
    const client = await openClient({ bundle: bundleOf(SHOP) })
    open.push(client)
    expect(client.status()).toMatchObject({
      store: { kind: 'localstorage', mayLose: 'the last seconds, when the browser or the device crashes' },
      errors: [{ name: 'StoreFailed', store: 'indexeddb' }],
    })
  } finally {
    vi.unstubAllGlobals()
  }
})
