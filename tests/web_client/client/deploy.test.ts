/** A deploy with an old tab open, a rollback, and two specs at once: real clients on one server in memory. */

import { IDBFactory } from 'fake-indexeddb'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Client } from '../../../web_client/src/client/client.js'
import { indexedDbStore } from '../../../web_client/src/log/store/indexeddb.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import type { Store } from '../../../web_client/src/log/store/store.js'
import { fold } from '../../../web_client/src/reducer/fold.js'
import { profileToJson } from '../../../web_client/src/reducer/profile.js'
import type { Spec } from '../../../web_client/src/reducer/spec.js'
import { bundleOf, openShop, SHOP, START_MS, specWith } from '../device.js'
import { Network, Server } from '../server.js'

const ORDERS = { name: 'orders', aggregate: 'count', event: 'order' }
const SPENT = { name: 'spent', aggregate: 'total', event: 'order', value: { field: 'amount' } }
const A = SHOP
const B = specWith([
  ORDERS,
  SPENT,
  { name: 'mean', aggregate: 'mean', event: 'order', value: { field: 'amount' } },
])
const STRICT = specWith([ORDERS], {
  order: { amount: { type: 'decimal', scale: 2 }, gift: { type: 'boolean' } },
})

function site(specs: readonly Spec[] = [A, B, STRICT]) {
  const server = new Server(specs[0] as Spec, 'none', specs)
  const network = new Network(server)
  const open = async (spec: Spec, store: Store, name: string): Promise<Client> => {
    const client = await openShop({
      bundle: bundleOf(spec),
      store,
      name,
      clock: () => START_MS,
      fetch: network.fetch,
      sync: { url: 'https://api/v1', token: 't' },
    })
    onTestFinished(() => client.close())
    return client
  }
  return { server, network, open }
}

async function track(
  client: Client,
  count: number,
  data: Record<string, unknown> = { amount: 1 },
): Promise<void> {
  for (let index = 0; index < count; index++) await client.track('order', data)
}

describe('a deploy with an old tab open', () => {
  test('leaves nothing pending: the old tab appends, the new one sends', async () => {
    const { server, open } = site()
    const factory = new IDBFactory()
    const tab = (spec: Spec) => open(spec, indexedDbStore('deploy', factory), 'deploy')
    const old = await tab(A)
    await track(old, 2)
    await old.sync()
    const told: unknown[] = []
    old.on('outdated', (error) => told.push(error.name))
    const fresh = await tab(B)
    await fresh.sync()
    await fresh.close()
    await track(old, 1)
    expect(await old.sync()).toMatchObject({ outcome: 'outdated', error: null })
    expect(old.status()).toMatchObject({ outdated: true, pending: 1 })
    expect(told).toEqual(['Outdated'])
    expect((await old.score()).features).toMatchObject({ orders: 3, spent: 3 })
    const next = await tab(B)
    expect(await next.sync()).toMatchObject({ outcome: 'synced', error: null })
    expect(next.status()).toMatchObject({ pending: 0, acknowledged: 3, outdated: false })
    const { features, since } = await next.score()
    expect([features, since]).toEqual([{ orders: 3, spent: 3, mean: 1 }, {}])
    expect(server.whole(B).states.size).toBe(3)
  })

  test('acknowledges nothing that the new spec refuses, and tells of it', async () => {
    const { open } = site()
    const factory = new IDBFactory()
    const tab = (spec: Spec) => open(spec, indexedDbStore('refused', factory), 'refused')
    const old = await tab(A)
    const fresh = await tab(STRICT)
    await track(old, 2)
    await track(fresh, 1, { amount: 1, gift: true })
    expect(await fresh.sync()).toMatchObject({ outcome: 'synced' })
    expect(fresh.status()).toMatchObject({ tracked: 3, acknowledged: 1, pending: 2, quarantined: 2 })
    expect(fresh.status().errors).toMatchObject([{ name: 'EventsQuarantined', problem: 'InvalidEvent' }])
  })
})

describe('a new spec and its rollback', () => {
  test('lose nothing on the device or the server, and tell since when each feature counts', async () => {
    const { server, open } = site()
    const store = memoryStore()
    const first = await open(A, store, 'rollback')
    await track(first, 5)
    await first.track('view', { page: 'home' })
    await first.sync()
    await first.close()
    const second = await open(B, store, 'rollback')
    await track(second, 4, { amount: 2 })
    expect((await second.score()).features).toMatchObject({ orders: 9, spent: 13 })
    expect(second.status().since).toEqual({})
    await second.sync()
    await second.close()
    const third = await open(A, store, 'rollback')
    await third.sync()
    const { features, since } = await third.score()
    expect([features, since]).toEqual([
      { orders: 9, spent: 13, views: 1, last_page: 'home', country: null },
      {},
    ])
    expect(server.carried(A)).toMatchObject({ sinceMs: new Map() })
  })

  test('are said where rows are gone: a feature counts since the last event that it lacks', async () => {
    const { open } = site()
    const store = memoryStore()
    const first = await open(A, store, 'gone')
    await Promise.all(Array.from({ length: 1_100 }, () => first.track('order', { amount: 1 })))
    await first.sync()
    await first.close()
    const second = await open(B, store, 'gone')
    const { features, since } = await second.score()
    expect(features).toMatchObject({ orders: 1_100, spent: 1_100, mean: 1 })
    expect(since).toEqual({ mean: START_MS + 1 })
    expect(second.status().since).toEqual(since)
  })

  test('serve devices of two specs at once, each with what both tracked', async () => {
    const { server, network, open } = site()
    const [one, two] = [await open(A, memoryStore(), 'one'), await open(B, memoryStore(), 'two')]
    await track(one, 3)
    await track(two, 2)
    for (const client of [one, two, one, two]) expect((await client.sync()).outcome).toBe('synced')
    expect((await one.score()).features).toMatchObject({ orders: 5, spent: 5 })
    const { features, since } = await two.score()
    expect(features).toMatchObject({ orders: 5, spent: 5 })
    expect(Object.keys(since)).toEqual(['mean'])
    const events = Array.from({ length: 5 }, () => ({ type: 'order', time: START_MS, data: { amount: 1 } }))
    expect(server.whole(A).states.size).toBe(fold(A, events).states.size)
    expect(network.requests.some(({ body }) => body.includes('SpecMismatch'))).toBe(false)
  })
})

test('a spec that the server does not serve yet loses nothing, and goes up once it does', async () => {
  const { server, open } = site([A])
  const client = await open(B, memoryStore(), 'early')
  await track(client, 2)
  expect(await client.sync()).toMatchObject({ outcome: 'failed' })
  expect(client.status()).toMatchObject({ pending: 2, acknowledged: 0 })
  Object.assign(server, { specs: [A, B] })
  expect(await client.sync()).toMatchObject({ outcome: 'synced' })
  expect(JSON.parse(profileToJson(server.whole(B)))).toMatchObject({ spec: B.id })
})
