/** Real clients against the real API, over HTTP. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Client, ClientOptions } from '../../../web_client/src/client/client.js'
import { openClient } from '../../../web_client/src/client/open.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import type { Found, Store } from '../../../web_client/src/log/store/store.js'
import { type Api, startApi, tokenOf } from '../api.js'
import { bundleOf, KEYED } from '../device.js'

let api: Api
let subjects = 0
let keys = 0
const open: Client[] = []

beforeAll(async () => {
  api = await startApi(KEYED)
})
afterAll(async () => {
  await api.stop()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
})

async function device(subject: string, options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = await openClient({
    bundle: bundleOf(KEYED),
    name: `device-${open.length}-${subject}`,
    store: memoryStore(),
    sync: { url: 'http://api/v1', token: () => tokenOf(subject) },
    // The server has another port after each start.
    fetch: (input, init) => fetch(String(input).replace('http://api/v1', api.url()), init),
    ...options,
  })
  open.push(client)
  return client
}

async function track(client: Client, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await client.track('order', { amount: 1, key: `e${keys++}` })
}

/** Every device comes to rest, and scores each of the subject's events once. */
async function settle(devices: readonly Client[], events: number): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const client of devices)
      expect(await client.sync()).toMatchObject({ outcome: 'synced', error: null })
  }
  for (const client of devices) {
    const row = (await client.score()).features
    const counts = Object.entries(row).filter(([name, n]) => name.startsWith('n=') && n !== 0)
    expect([row.orders, counts.map(([, n]) => n)]).toEqual([events, Array(events).fill(1)])
    expect(client.status()).toMatchObject({ pending: 0, errors: [] })
  }
}

/** A second storage with the same content, as a cloned device has. */
async function clone(store: Store): Promise<Store> {
  const held = await store.transact({ body: true, after: 0 }, (found): { result: Found } => ({
    result: found,
  }))
  const copy = memoryStore()
  await copy.transact({}, () => ({
    ...(held.head && held.body ? { head: held.head, body: held.body } : {}),
    append: held.events,
    result: null,
  }))
  return copy
}

const subject = () => `subject-${subjects++}`

test('two devices of a subject score what both tracked', async () => {
  const name = subject()
  const devices = [await device(name), await device(name)] as const
  await track(devices[0], 3)
  await track(devices[1], 2)
  await settle(devices, 5)
})

test('3,000 events of a device go up, each counted once', async () => {
  const name = subject()
  const [client, other] = [await device(name), await device(name)]
  await Promise.all(Array.from({ length: 3_000 }, () => client.track('order', { amount: 1 })))
  expect(await client.sync()).toMatchObject({ outcome: 'synced', error: null })
  await other.sync()
  for (const one of [client, other]) expect((await one.score()).features).toMatchObject({ orders: 3_000 })
})

test('lost replies, a clone and a rolled back device count nothing twice', async () => {
  const name = subject()
  const store = memoryStore()
  let lose = true
  const first = await device(name, {
    store,
    fetch: async (input, init) => {
      const answer = await fetch(String(input).replace('http://api/v1', api.url()), init)
      if (lose && init?.method === 'POST') throw new TypeError('the reply was lost')
      return answer
    },
  })
  await track(first, 3)
  expect(await first.sync()).toMatchObject({ outcome: 'failed', error: { name: 'NoAnswer' } })
  const [second, third] = [
    await device(name, { store: await clone(store) }),
    await device(name, { store: await clone(store) }),
  ]
  lose = false
  await track(second, 2)
  await track(third, 2)
  expect(await first.sync()).toMatchObject({ outcome: 'synced' })
  await track(first, 1)
  for (const client of [first, second, third]) await client.sync()
  expect(new Set([first, second, third].map((client) => client.status().replica)).size).toBe(3)
  for (const client of [first, second, third]) {
    await client.sync()
    expect((await client.score()).features).toMatchObject({ orders: 8 })
  }
})

test('a server put back to a backup gets everything again', async () => {
  const name = subject()
  const devices = [await device(name), await device(name)] as const
  await track(devices[0], 2)
  await settle(devices, 2)
  const restore = await api.backup()
  await track(devices[0], 3)
  await track(devices[1], 1)
  await settle(devices, 6)
  await restore()
  await track(devices[1], 1)
  await settle(devices, 7)
})

test('an erased subject is erased on every device, and begins anew', async () => {
  const name = subject()
  const devices = [await device(name), await device(name)] as const
  await track(devices[0], 2)
  await settle(devices, 2)
  await track(devices[1], 1)
  await devices[0].erase()
  expect((await devices[1].sync()).steps).toContain('erased')
  await settle(devices, 0)
  await track(devices[1], 1)
  await settle(devices, 1)
})

test('a token of another server is refused by name, and the events stay', async () => {
  const client = await device(subject(), { sync: { url: 'http://api/v1', token: 'not.a.token' } })
  await track(client, 1)
  expect(await client.sync()).toMatchObject({
    outcome: 'failed',
    error: { name: 'InvalidToken', status: 401 },
  })
  expect(client.status()).toMatchObject({ tracked: 1, pending: 1 })
})

test('a clock that was two days ahead holds nothing back: its events are stamped anew', async () => {
  const clock = { aheadMs: 0 }
  const client = await device(subject(), { clock: () => Date.now() + clock.aheadMs })
  await track(client, 2)
  clock.aheadMs = 2 * 86_400_000
  await track(client, 1)
  expect(await client.sync()).toMatchObject({ outcome: 'synced', error: null })
  expect(client.status()).toMatchObject({ acknowledged: 3, pending: 0, quarantined: 0 })
  const { events } = (await client.export()) as { events: { time: number }[] }
  for (const { time } of events) expect(time).toBeLessThan(Date.now() + 60_000)
})
