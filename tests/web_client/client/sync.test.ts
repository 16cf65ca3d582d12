import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Client, ClientOptions } from '../../../web_client/src/client/client.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import type { Store } from '../../../web_client/src/log/store/store.js'
import { features } from '../../../web_client/src/reducer/features.js'
import { bundleOf, openShop, PLACES, SHOP, START_MS, specWith } from '../device.js'
import { Page } from '../page.js'
import { Network, Server } from '../server.js'

const open: Client[] = []

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(open.splice(0).map((client) => client.close()))
})

async function shop(
  network: Network,
  options: Partial<ClientOptions> & { store?: Store } = {},
): Promise<Client> {
  const client = await openShop({
    store: memoryStore(),
    sync: { url: 'https://api/v1/', token: 'good' },
    fetch: network.fetch,
    ...options,
  })
  open.push(client)
  return client
}

const network = () => new Network(new Server(SHOP))
const total = ({ server }: Network) => features(SHOP, server.whole(), 2 ** 52)
const posts = ({ requests }: Network) =>
  requests.filter(({ method }) => method === 'POST').map(({ body }) => body)

describe.each(PLACES)('a synced client on %s', (_, place) => {
  test('sends what it tracked, and scores what the others did', async () => {
    const net = network()
    const [phone, laptop] = [
      await shop(net, { store: place().open() }),
      await shop(net, { store: place().open(), clock: () => START_MS - 5_000 }),
    ]
    await phone.track('order', { amount: 19.99 })
    expect(await phone.sync()).toMatchObject({ outcome: 'synced', error: null })
    expect(phone.status()).toMatchObject({
      tracked: 1,
      acknowledged: 1,
      pending: 0,
      rejected: 0,
      syncedMs: START_MS,
    })
    await laptop.sync()
    const { features: row, now } = await laptop.score()
    expect(row).toMatchObject({ orders: 1, spent: 19.99 })
    // The other device's clock is ahead: what follows here is later all the same.
    expect(now).toBe(START_MS + 1)
    expect((await laptop.track('order', { amount: 1 })).time).toBe(now)
  })

  test('keeps a sealed diff that a tab left behind, and sends it unchanged', async () => {
    const net = network()
    const { open } = place()
    const killed = await openShop({
      store: open(),
      sync: { url: 'https://api/v1', token: 'good' },
      fetch: async (input, init) =>
        init?.method === 'POST' ? await new Promise(() => {}) : await net.fetch(input, init),
    })
    await killed.track('order', { amount: 1 })
    void killed.sync()
    await vi.waitFor(async () => expect((await killed.export()).sealed).not.toBeNull())
    const sealed = (await killed.export()).sealed as { ids: string[] }
    const other = await shop(net, { store: open() })
    await other.track('order', { amount: 1 })
    await other.sync()
    expect(JSON.parse(posts(net)[0] as string)).toMatchObject({ from: 1, to: 1, ids: sealed.ids })
    expect(total(net)).toMatchObject({ orders: 2 })
  })
})

describe('an event', () => {
  test('of 3,000 is sent in three diffs, and counted once', async () => {
    const net = network()
    const client = await shop(net)
    await Promise.all(Array.from({ length: 3_000 }, () => client.track('order', { amount: 1 })))
    expect((await client.sync()).outcome).toBe('synced')
    expect([posts(net).length, total(net).orders]).toEqual([3, 3_000])
    expect(client.status()).toMatchObject({ acknowledged: 3_000, pending: 0 })
    expect((await client.score()).features).toMatchObject({ orders: 3_000 })
  })

  test('whose request or reply is lost is sent again with the same bytes', async () => {
    const net = network()
    const client = await shop(net)
    await client.sync()
    await client.track('order', { amount: 1 })
    for (const mood of ['loses the request', 'loses the reply'] as const) {
      net.mood = mood
      const send = async () => (net.mood === mood ? await client.sync() : null)
      expect(await send()).toMatchObject({ outcome: 'failed', error: { name: 'NoAnswer' } })
      expect(client.status()).toMatchObject({ pending: 1, acknowledged: 0 })
    }
    net.mood = 'works'
    expect(await client.sync()).toMatchObject({ outcome: 'synced' })
    expect(total(net)).toMatchObject({ orders: 1 })
  })

  test('leaves the device only as declared aggregates', async () => {
    const net = network()
    const client = await shop(net)
    await client.track('order', { amount: 1, key: 'PLANTED' })
    await client.sync()
    expect(posts(net).length).toBe(1)
    expect(JSON.stringify(net.requests)).not.toContain('PLANTED')
  })

  test.each([401, 403, 408, 409, 413, 429, 500, 503])(
    'stays pending while the server answers %i',
    async (refuse) => {
      const net = network()
      const client = await shop(net)
      await client.sync()
      await client.track('order', { amount: 1 })
      const post = net.fetch
      net.mood = { refuse }
      expect(await client.sync()).toMatchObject({ outcome: 'failed', error: { status: refuse } })
      expect(client.status()).toMatchObject({ tracked: 1, pending: 1, acknowledged: 0, quarantined: 0 })
      net.mood = 'works'
      await client.sync()
      expect([post === net.fetch, total(net).orders]).toEqual([true, 1])
    },
  )

  test('that the server refuses is quarantined, reported, counted as pending, and still scored', async () => {
    const net = network()
    const bad: string[] = []
    const client = await shop(net, {
      fetch: async (input, init) => {
        const refused = bad.some((id) => String(init?.body ?? '').includes(id))
        return refused
          ? Response.json({ name: 'InvalidProfile', detail: 'a defect' }, { status: 422 })
          : await net.fetch(input, init)
      },
    })
    const events = await Promise.all(Array.from({ length: 20 }, () => client.track('order', { amount: 1 })))
    bad.push(events[7]?.id as string)
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    expect((await client.sync()).outcome).toBe('synced')
    expect(errors).toMatchObject([{ name: 'EventsQuarantined', ids: bad }])
    expect(client.status()).toMatchObject({ tracked: 20, acknowledged: 19, pending: 1, quarantined: 1 })
    expect([(await client.score()).features.orders, total(net).orders]).toEqual([20, 19])
  })
})

test('a device that was put back to before it began asks again as the new replica, and misses nothing', async () => {
  const net = network()
  const store = memoryStore()
  const first = await shop(net, { store })
  const { head, body } = await store.transact({ body: true }, (found) => ({ result: found }))
  await first.track('order', { amount: 1 })
  await first.sync()
  const copy = memoryStore()
  await copy.transact({}, () => ({ ...(head && body ? { head, body } : {}), result: null }))
  const second = await shop(net, { store: copy })
  expect((await second.sync()).outcome).toBe('synced')
  expect(second.status().replica).not.toBe(first.status().replica)
  expect((await second.score()).features).toMatchObject({ orders: 1 })
})

describe('a token', () => {
  test('is fetched again once the server does not accept it', async () => {
    const net = network()
    net.tokens = ['b']
    const tokens = ['a', 'b']
    const client = await shop(net, {
      sync: { url: 'https://api/v1', token: async () => tokens.shift() ?? 'none' },
    })
    expect((await client.sync()).outcome).toBe('synced')
    expect(net.requests.map(({ token }) => token).slice(0, 2)).toEqual(['a', 'b'])
    expect(tokens).toEqual([])
  })

  test('that can not be had is no loss', async () => {
    const net = network()
    const client = await shop(net, {
      sync: {
        url: 'https://api/v1',
        token: () => {
          throw new Error('signed out')
        },
      },
    })
    await client.track('order', { amount: 1 })
    expect(await client.sync()).toMatchObject({ outcome: 'failed', error: { name: 'NoAnswer' } })
    expect(client.status()).toMatchObject({ pending: 1 })
    expect(net.requests).toEqual([])
  })
})

describe('a server of another spec, or of none', () => {
  test.each([
    [
      'another spec',
      () => Response.json({ ...new Server(SHOP).profile(''), spec: 'f'.repeat(64) }),
      'SpecMismatch',
    ],
    ['a page', () => new Response('<html>'), 'InvalidAnswer'],
    ['an empty object', () => Response.json({}), 'InvalidAnswer'],
    ['a proxy out of order', () => new Response('<html>', { status: 502 }), 'ForeignAnswer'],
  ])('%s is a typed error, and nothing is lost', async (_, answer, name) => {
    const client = await shop(network(), { fetch: async () => answer() })
    await client.track('order', { amount: 1 })
    expect(await client.sync()).toMatchObject({ outcome: 'failed', error: { name } })
    expect(client.status()).toMatchObject({ tracked: 1, pending: 1 })
    expect((await client.score()).features).toMatchObject({ orders: 1 })
  })
})

describe('erasing', () => {
  test('removes the subject everywhere, and the device goes on in the next epoch', async () => {
    const net = network()
    const client = await shop(net)
    await client.track('order', { amount: 1 })
    await client.sync()
    await client.erase()
    expect(total(net)).toMatchObject({ orders: 0 })
    await client.track('order', { amount: 1 })
    expect((await client.sync()).outcome).toBe('synced')
    expect([total(net).orders, (await client.score()).features.orders]).toEqual([1, 1])
  })

  test('on one device makes an offline one forget, and not bring it back', async () => {
    const net = network()
    const [a, b] = [await shop(net), await shop(net)]
    await Promise.all([a.sync(), b.sync()])
    await b.track('order', { amount: 1 })
    await a.erase()
    const report = await b.sync()
    expect(report.steps).toContain('erased')
    expect([report.outcome, total(net).orders]).toEqual(['synced', 0])
    expect(b.status()).toMatchObject({ tracked: 0, pending: 0 })
  })

  test('fails as a whole while the server can not be told', async () => {
    const net = network()
    const client = await shop(net)
    await client.track('order', { amount: 1 })
    net.mood = 'loses the request'
    await expect(client.erase()).rejects.toMatchObject({ name: 'NoAnswer' })
    expect(client.status()).toMatchObject({ tracked: 1 })
  })
})

describe('a sync', () => {
  const flush = async () => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  }
  const later = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms)
    await flush()
  }

  test('comes by itself: at the opening, soon after an event, and now and then', async () => {
    vi.useFakeTimers()
    const net = network()
    const client = await shop(net)
    await later(0)
    expect(net.requests.map(({ method }) => method)).toEqual(['GET'])
    for (let index = 0; index < 10; index++) await client.track('order', { amount: 1 })
    await later(1_000)
    expect(posts(net).length).toBe(0)
    await later(1_000)
    expect([posts(net).length, total(net).orders]).toEqual([1, 10])
    await later(300_000)
    expect(net.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET'])
  })

  test('that fails comes back later and later, and never stops', async () => {
    vi.useFakeTimers()
    const net = network()
    net.mood = { refuse: 503 }
    await shop(net)
    const times: number[] = []
    for (let second = 0; second < 3_600; second++) {
      await later(1_000)
      while (times.length < net.requests.length) times.push(second)
    }
    const waits = times.slice(1).map((time, index) => time - (times[index] as number))
    expect(waits.length).toBeGreaterThan(10)
    expect(waits[0]).toBeLessThanOrEqual(3)
    expect(Math.max(...waits)).toBeLessThanOrEqual(301)
    expect(waits.at(-1)).toBeGreaterThan(100)
  })

  test('waits as long as the server asks for', async () => {
    vi.useFakeTimers()
    const net = network()
    net.mood = { refuse: 429, headers: { 'retry-after': '120' } }
    const client = await shop(net)
    await later(0)
    expect(net.requests.length).toBe(1)
    net.mood = 'works'
    await client.track('order', { amount: 1 })
    await later(119_000)
    expect(net.requests.length).toBe(1)
    await later(2_000)
    expect(total(net)).toMatchObject({ orders: 1 })
  })

  test('runs when the page is left, and when the device comes online', async () => {
    vi.useFakeTimers()
    const page = new Page()
    try {
      const net = network()
      const client = await shop(net)
      await later(0)
      await client.track('order', { amount: 1 })
      page.hide()
      await later(0)
      expect(total(net)).toMatchObject({ orders: 1 })
      net.mood = 'loses the request'
      await client.track('order', { amount: 1 })
      await later(2_000)
      net.mood = 'works'
      page.online()
      await later(0)
      expect(total(net)).toMatchObject({ orders: 2 })
    } finally {
      page.end()
    }
  })

  test('of two tabs at once sends each event once', async () => {
    const net = network()
    const [store, name] = [memoryStore(), 'synced-tabs']
    const tabs = [await shop(net, { store, name }), await shop(net, { store, name })] as const
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => (tabs[index % 2] as Client).track('order', { amount: 1 })),
    )
    const reports = await Promise.all(tabs.map((tab) => tab.sync()))
    expect(reports.map(({ outcome }) => outcome)).toEqual(['synced', 'synced'])
    expect(total(net)).toMatchObject({ orders: 50 })
  })
})

test('very many pending events are told of once, and all are kept until the server has them', async () => {
  const net = network()
  net.mood = 'loses the request'
  const client = await shop(net)
  const told: string[] = []
  client.on('error', (error) => {
    if (error.name === 'ManyPending') told.push(error.message)
  })
  const track = (count: number) =>
    Promise.all(Array.from({ length: count }, () => client.track('order', { amount: 1 })))
  await track(10_000)
  expect(told).toEqual([])
  await track(2)
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/^1000[12] events wait for the server, expected at most 10000;/)
  expect(client.status()).toMatchObject({ tracked: 10_002, pending: 10_002, rejected: 0 })
  net.mood = 'works'
  expect(await client.sync()).toMatchObject({ outcome: 'synced' })
  expect(client.status()).toMatchObject({ acknowledged: 10_002, pending: 0 })
  expect(total(net)).toMatchObject({ orders: 10_002 })

  net.mood = 'loses the request'
  await track(10_001)
  expect(told).toHaveLength(2)
})

test('a log without a server folds its oldest rows, and counts all of them', async () => {
  const client = await openShop({ store: memoryStore() })
  open.push(client)
  await Promise.all(Array.from({ length: 12_000 }, () => client.track('order', { amount: 1 })))
  const { events } = (await client.export()) as { events: readonly unknown[] }
  expect(events.length).toBeLessThanOrEqual(11_000)
  expect((await client.score()).features).toMatchObject({ orders: 12_000, spent: 12_000 })
  expect(client.status()).toMatchObject({ tracked: 12_000, pending: 12_000 })
})

describe('an answer that is nobody’s verdict', () => {
  test.each([
    ["a proxy's page", 400, '<html><title>400 Request Header Or Cookie Too Large</title></html>'],
    ["another API's JSON", 422, '{"name":"ValidationError","message":"no"}'],
    ['a service that is gone', 410, '{"epoch":7}'],
    ['a login page', 200, '<!doctype html><form>'],
  ])('keeps every event: %s', async (_, status, text) => {
    const net = network()
    let between = true
    const client = await shop(net, {
      fetch: async (input, init) => {
        const theirs = between && init?.method === 'POST'
        return theirs ? new Response(text, { status }) : await net.fetch(input, init)
      },
    })
    for (let index = 0; index < 3; index++) await client.track('order', { amount: 1 })
    expect(await client.sync()).toMatchObject({ outcome: 'failed' })
    expect(client.status()).toMatchObject({ tracked: 3, pending: 3, quarantined: 0 })
    between = false
    expect(await client.sync()).toMatchObject({ outcome: 'synced' })
    expect(total(net)).toMatchObject({ orders: 3 })
  })
})

describe('the silence that a server asks for', () => {
  const asks = { refuse: 429, headers: { 'retry-after': '3600' } }

  test('is kept by calls of sync, which end at once', async () => {
    const net = network()
    net.mood = asks
    const client = await shop(net)
    await client.sync()
    const before = net.requests.length
    for (let call = 0; call < 10; call++) {
      const { outcome, error, retryAfterMs } = await client.sync()
      expect([outcome, error]).toEqual(['waiting', null])
      expect(retryAfterMs).toBeGreaterThan(3_500_000)
    }
    expect(net.requests.length).toBe(before)
  })

  test('is kept by the other tabs, and by those that are opened later', async () => {
    const net = network()
    const [store, name] = [memoryStore(), 'quiet-tabs']
    const [one, other] = [await shop(net, { store, name }), await shop(net, { store, name })]
    await Promise.all([one.sync(), other.sync()])
    net.mood = asks
    await one.sync()
    const before = net.requests.length
    expect(await other.sync()).toMatchObject({ outcome: 'waiting' })
    const later = await shop(net, { store, name })
    expect(await later.sync()).toMatchObject({ outcome: 'waiting' })
    expect(net.requests.length).toBe(before)
  })
})

test('a diff of many bytes in few characters reaches the server', async () => {
  const titles = specWith(
    [{ name: 'titles', aggregate: 'distinct', event: 'view', value: { field: 'title' }, cap: 1_024 }],
    { view: { title: { type: 'string', max: 200 } }, order: { amount: { type: 'integer' } } },
  )
  const net = new Network(new Server(titles))
  const sizes: number[] = []
  const client = await shop(net, {
    bundle: bundleOf(titles),
    // As a browser does: it refuses keepalive for a body of over 64 KiB.
    fetch: async (input, init) => {
      const bytes = new TextEncoder().encode(String(init?.body ?? '')).length
      sizes.push(bytes)
      if (init?.keepalive && bytes > 65_536) throw new TypeError('Failed to fetch')
      return await net.fetch(input, init)
    },
  })
  const title = '季節限定の新作アルバムと店舗別の購入特典のまとめをご案内するページ番号'
  await Promise.all(
    Array.from({ length: 600 }, (_, index) => client.track('view', { title: `${title}${index}` })),
  )
  expect(await client.sync()).toMatchObject({ outcome: 'synced' })
  expect(Math.max(...sizes)).toBeGreaterThan(65_536)
  expect(client.status()).toMatchObject({ pending: 0, acknowledged: 600 })
})

test('whatever hangs, closing ends at once', { timeout: 60_000 }, async () => {
  const never = () => new Promise<never>(() => {})
  for (const hanging of [{ sync: { url: 'https://api/v1', token: never } }, { fetch: never }]) {
    const client = await shop(network(), hanging)
    await client.track('order', { amount: 1 })
    const syncing = client.sync()
    await client.close()
    expect(await syncing).toMatchObject({ outcome: 'failed' })
  }
})

test('a feature that a newer spec brought tells since when it counts, in scores and in the status', async () => {
  const old = specWith([{ name: 'orders', aggregate: 'count', event: 'order' }])
  const next = specWith([
    { name: 'orders', aggregate: 'count', event: 'order' },
    { name: 'spent', aggregate: 'total', event: 'order', value: { field: 'amount' } },
  ])
  const net = new Network(new Server(next, 'none', [old, next]))
  const store = memoryStore()
  let nowMs = START_MS
  const clock = () => nowMs++
  const before = await shop(net, { store, bundle: bundleOf(old), clock })
  for (let round = 0; round < 30; round++) {
    await Promise.all(Array.from({ length: 100 }, () => before.track('order', { amount: 1 })))
  }
  await before.sync()
  expect((await before.score()).since).toEqual({})
  await before.close()
  const after = await shop(net, { store, bundle: bundleOf(next), clock })
  const { features: row, since } = await after.score()
  // The rows of the last 1,024 acknowledged events are still on the device.
  expect([row.orders, Number(row.spent) >= 1_024, Number(row.spent) < 3_000]).toEqual([3_000, true, true])
  expect(Object.keys(since)).toEqual(['spent'])
  expect(since.spent).toBeGreaterThan(START_MS)
  expect(after.status().since).toEqual(since)
})
