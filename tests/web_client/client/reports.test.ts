/** What goes wrong never reaches the page unasked: listeners hear of it, and without one the console does, once a kind. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Client } from '../../../web_client/src/client/client.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import { openShop, START_MS } from '../device.js'

let written: string[]
let unhandled: unknown[]
const open: Client[] = []
const note = (reason: unknown) => void unhandled.push(reason)

beforeEach(() => {
  written = []
  unhandled = []
  vi.spyOn(console, 'error').mockImplementation((...given) => void written.push(given.join(' ')))
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
  process.off('unhandledRejection', note)
  vi.restoreAllMocks()
})

async function shop(options: Partial<Parameters<typeof openShop>[0]> = {}): Promise<Client> {
  const client = await openShop({ store: memoryStore(), ...options })
  open.push(client)
  return client
}

/** Let every task that is due run: unhandled rejections are told after one. */
async function tasks(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve))
}

test('a wrong track that nobody awaits is one sentence in the console', async () => {
  const client = await shop()
  for (let call = 0; call < 4; call++) client.track('order', { amount: 'x' })
  client.track('nothing')
  await tasks()
  expect(unhandled).toEqual([])
  expect(written).toHaveLength(1)
  expect(written[0]).toMatch(/^edgefold: InvalidEvent: .*amount.*"x".*\.$/)
  expect(client.status()).toMatchObject({ tracked: 5, rejected: 5 })
})

test('it is told to the listeners instead, each one', async () => {
  const client = await shop()
  const heard: Error[] = []
  client.on('error', (error) => heard.push(error))
  client.track('order', { amount: 'x' })
  client.track('order', { amount: 'y' })
  await tasks()
  expect([heard.map(({ name }) => name), written, unhandled]).toEqual([
    ['InvalidEvent', 'InvalidEvent'],
    [],
    [],
  ])
})

test('whoever awaits it gets it too', async () => {
  const client = await shop()
  await expect(client.track('order', {})).rejects.toMatchObject({ name: 'InvalidEvent' })
})

test('an error is told once, however many calls it ends', async () => {
  const client = await shop()
  const heard: Error[] = []
  client.on('error', (error) => heard.push(error))
  await client.close()
  await Promise.allSettled([client.score(), client.track('order', { amount: 1 })])
  await tasks()
  expect(heard.map(({ name }) => name)).toEqual(['ClientClosed', 'ClientClosed'])
  expect(unhandled).toEqual([])
})

test('what went wrong at the opening reaches a listener that the page adds then', async () => {
  vi.stubGlobal('indexedDB', undefined)
  vi.stubGlobal('localStorage', undefined)
  try {
    const client = await shop({ store: 'indexeddb' as never })
    const heard: Error[] = []
    client.on('error', (error) => heard.push(error))
    await tasks()
    expect(heard.map(({ name }) => name)).toContain('StoreFailed')
    expect(written).toEqual([])
  } finally {
    vi.unstubAllGlobals()
  }
})

test('a listener that throws is told, stays, and the others hear', async () => {
  const client = await shop()
  let [calls, others] = [0, 0]
  client.on('status', () => {
    calls++
    throw new RangeError('mine')
  })
  client.on('status', () => others++)
  for (let call = 0; call < 3; call++) {
    await client.track('order', { amount: 1 })
    await tasks()
  }
  expect(calls).toBeGreaterThan(2)
  expect(others).toBe(calls)
  expect(written).toEqual(["edgefold: a listener of 'status' threw RangeError: mine"])
  expect(unhandled).toEqual([])
})

test('a listener of errors that throws is told to the console, and the others hear', async () => {
  const client = await shop()
  const heard: Error[] = []
  client.on('error', () => {
    throw new RangeError('mine')
  })
  client.on('error', (error) => heard.push(error))
  client.track('order', { amount: 'x' })
  client.track('order', { amount: 'y' })
  await tasks()
  expect(heard.map(({ name }) => name)).toEqual(['InvalidEvent', 'InvalidEvent'])
  expect(written).toEqual(["edgefold: a listener of 'error' threw RangeError: mine"])
})

test('an asynchronous listener that rejects is told as one that throws', async () => {
  const client = await shop()
  const heard: Error[] = []
  client.on('error', (error) => heard.push(error))
  client.on('score', async () => {
    throw new RangeError('later')
  })
  await client.track('order', { amount: 1 })
  await vi.waitFor(() => expect(heard).toEqual([new RangeError('later')]))
  expect(unhandled).toEqual([])
})

test.each([
  [
    'throws',
    () => {
      throw new RangeError('no battery')
    },
  ],
  ['tells no time', () => Number.NaN],
  ['tells a text', () => '2026' as unknown as number],
  ['tells a time before 1970', () => -1],
])('a clock that %s is told once, and the time is that of the platform', async (_, clock) => {
  const client = await shop({ clock })
  const heard: Error[] = []
  client.on('error', (error) => heard.push(error))
  const before = Date.now()
  const event = await client.track('order', { amount: 1 })
  await client.track('order', { amount: 1 })
  await client.score()
  await tasks()
  expect(event.time).toBeGreaterThanOrEqual(before)
  expect(heard.map(({ name }) => name)).toEqual(['ClockFailed'])
})

test('a message on our channel that is none of ours breaks nothing', async () => {
  const name = 'foreign-messages'
  const client = await shop({ name, clock: () => START_MS })
  const channel = new BroadcastChannel(name)
  for (const message of [
    null,
    7,
    'logout',
    {},
    { edgefold: 1, types: 'order' },
    { edgefold: 1, types: [], head: 7 },
  ]) {
    channel.postMessage(message)
  }
  await tasks()
  channel.close()
  await client.track('order', { amount: 1 })
  expect(client.status()).toMatchObject({ pending: 1, errors: [] })
  expect([unhandled, written]).toEqual([[], []])
})
