/** The last moment of a page: what it tracks then is kept, and what is sealed goes out. */

import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Client, ClientOptions } from '../../../web_client/src/client/client.js'
import { indexedDbStore } from '../../../web_client/src/log/store/indexeddb.js'
import { features } from '../../../web_client/src/reducer/features.js'
import { LocalStorage, openShop, SHOP } from '../device.js'
import { Page } from '../page.js'
import { Network, Server } from '../server.js'

let page: Page
let net: Network
let factory: IDBFactory
let keepalives: unknown[]
let names = 0
const open: Client[] = []

beforeEach(() => {
  page = new Page()
  vi.stubGlobal('localStorage', new LocalStorage())
  net = new Network(new Server(SHOP))
  factory = new IDBFactory()
  keepalives = []
  names++
})
afterEach(async () => {
  page.show()
  await Promise.all(open.splice(0).map((client) => client.close()))
  page.end()
})

async function shop(options: Omit<Partial<ClientOptions>, 'store'> = {}): Promise<Client> {
  const client = await openShop({
    store: indexedDbStore('edgefold', factory),
    name: `leaving-${names}`,
    sync: { url: 'https://api/v1', token: async () => 'good' },
    fetch: (input, init) => {
      if (init?.method === 'POST') keepalives.push(init.keepalive)
      return net.fetch(input, init)
    },
    ...options,
  })
  open.push(client)
  return client
}

const orders = () => features(SHOP, net.server.whole(), 2 ** 52).orders

test('what was tracked a moment before a page is left is sent as it goes', async () => {
  const client = await shop()
  await client.sync()
  await client.track('order', { amount: 1 })
  await vi.waitFor(async () => expect((await client.export()).sealed).not.toBeNull())
  expect(keepalives).toEqual([])
  page.leave()
  // In the same task: a page that goes has no later one.
  expect(keepalives).toContain(true)
  await vi.waitFor(() => expect(orders()).toBe(1))
  page.comeBack()
  await vi.waitFor(() => expect(client.status()).toMatchObject({ acknowledged: 1, pending: 0 }))
  expect(await client.sync()).toMatchObject({ outcome: 'synced' })
  expect(orders()).toBe(1)
})

test('what a page tracks while it is left is in the log at the next opening, once', async () => {
  const gone = await shop()
  await gone.track('order', { amount: 1 })
  page.leave()
  const tracking = gone.track('order', { amount: 2 })
  tracking.catch(() => {})
  page.show()
  const next = await shop()
  expect(next.status().tracked).toBeGreaterThanOrEqual(2)
  await vi.waitFor(async () => expect((await next.score()).features).toMatchObject({ orders: 2, spent: 3 }))
  await next.sync()
  expect(orders()).toBe(2)
})

test('a page of an app with a life of its own is told by that', async () => {
  const leaving: (() => void)[] = []
  let presence: 'here' | 'hidden' | 'gone' = 'here'
  const client = await shop({
    lifecycle: {
      presence: () => presence,
      onLeave(callback) {
        leaving.push(callback)
        return () => {}
      },
      onReturn: () => () => {},
      onOnline: () => () => {},
    },
  })
  await client.sync()
  await client.track('order', { amount: 1 })
  await vi.waitFor(async () => expect((await client.export()).sealed).not.toBeNull())
  page.leave()
  expect(keepalives).toEqual([])
  presence = 'gone'
  for (const callback of leaving) callback()
  expect(keepalives).toEqual([true])
  presence = 'here'
})
