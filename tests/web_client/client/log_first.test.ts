/** The log first, the model later: whatever becomes of the bundle, events are taken. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Client, ClientOptions, ScoreResult } from '../../../web_client/src/client/client.js'
import { openClient } from '../../../web_client/src/client/open.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import { parseSpec, type Spec } from '../../../web_client/src/reducer/spec.js'
import { changed, type Json, memoryCaches, publish, readBundle, type Server, serve } from '../bundles.js'
import { bundleOf, SHOP } from '../device.js'
import { Network, Server as SyncServer } from '../server.js'

const tree = readBundle('tree')
const SPEC = parseSpec(new TextDecoder().decode(tree['reducer.json']))
const ORDER = { amount: 19.99, quantity: 1, gift: false, genre: 'jazz' }
const version = (number: number) =>
  changed(tree, (manifest: Json) => Object.assign(manifest, { version: number }))
const expiredBundle = changed(tree, (manifest: Json) => Object.assign(manifest, { expires: '2020-01-01' }))
const badModel = changed(tree, () => {}, { 'model.onnx': new TextEncoder().encode('no model') })

let server: Server
const open: Client[] = []
beforeEach(async () => {
  server = await serve(version(3))
  vi.stubGlobal('caches', memoryCaches())
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
  await server.close()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

async function openWith(options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = await openClient({ bundle: `${server.url}/bundle/`, store: memoryStore(), ...options })
  open.push(client)
  return client
}

/** Everything but scoring works. */
async function expectLog(client: Client, spec: Spec | null): Promise<void> {
  await client.track('order', ORDER)
  expect(client.status()).toMatchObject({ tracked: 1, pending: 1, spec: spec?.id ?? null })
  expect((await client.export()).events).toHaveLength(1)
  await client.erase()
  expect(client.status()).toMatchObject({ tracked: 0, pending: 0 })
}

describe('a bundle that can not be opened', () => {
  test.each([
    ['an expired one', expiredBundle, 'BundleExpired'],
    ['one whose model is damaged', badModel, 'InvalidBundle'],
  ])('rejects scores and is told, and the log works: %s', async (_, files, name) => {
    const client = await openWith({ bundle: files })
    const heard: string[] = []
    client.on('error', (error) => heard.push(error.name))
    await expectLog(client, SPEC)
    await expect(client.score()).rejects.toMatchObject({ name })
    await vi.waitFor(() => expect(heard).toEqual([name]))
    expect(client.spec?.id).toBe(SPEC.id)
  })

  test('whose spec is damaged leaves the spec unknown, and events are taken', async () => {
    const files = { ...tree, 'reducer.json': new TextEncoder().encode('{}') }
    const client = await openWith({ bundle: files })
    await expect(client.score()).rejects.toMatchObject({ name: 'InvalidBundle' })
    await expectLog(client, null)
    expect(client.spec).toBeNull()
  })
})

describe('a bundle that is long on its way', () => {
  /** A fetch that lets files through only when it is told to. */
  function slow(held: (url: string) => boolean) {
    let free = () => {}
    const freed = new Promise<void>((resolve) => {
      free = resolve
    })
    const given: typeof fetch = async (input, init) => {
      if (held(String(input))) await freed
      return await fetch(input, init)
    }
    return { fetch: given, free: () => free() }
  }

  test('tells its spec before its model is there; scores wait for that', async () => {
    const way = slow((url) => url.endsWith('.onnx'))
    const client = await openWith({ fetch: way.fetch })
    expect(client.spec?.id).toBe(SPEC.id)
    await client.track('order', ORDER)
    const scores: ScoreResult[] = []
    client.on('score', (score) => scores.push(score))
    const scoring = client.score()
    way.free()
    expect((await scoring).features).toMatchObject({ orders: 1 })
    await vi.waitFor(() => expect(scores.length).toBeGreaterThan(0), 60_000)
  })

  test('does not hold up a client that is closed meanwhile', async () => {
    const client = await openWith({ fetch: slow((url) => url.endsWith('.onnx')).fetch })
    const scoring = expect(client.score()).rejects.toMatchObject({ name: 'ClientClosed' })
    await client.close()
    await scoring
  })

  test('is not waited for beyond a moment: events are taken as they are, and checked when the spec comes', async () => {
    const way = slow(() => true)
    const client = await openWith({ fetch: way.fetch })
    expect([client.spec, client.status().spec]).toEqual([null, null])
    await client.track('order', ORDER)
    await client.track('order', { amount: 'no number' })
    expect(client.status()).toMatchObject({ tracked: 2, pending: 2, rejected: 0 })
    const errors: string[] = []
    client.on('error', (error) => errors.push(error.name))
    way.free()
    expect((await client.score()).features).toMatchObject({ orders: 1 })
    expect(client.spec?.id).toBe(SPEC.id)
    expect(client.status()).toMatchObject({ tracked: 2, pending: 2, quarantined: 1 })
    expect(errors).toContain('EventsQuarantined')
  })
})

describe('a first visit without a network', () => {
  test('takes events, and scores once the bundle can be fetched', async () => {
    let online = false
    const life = { presence: () => 'here' as const, onLeave: () => () => {}, onReturn: () => () => {} }
    const back: (() => void)[] = []
    const client = await openWith({
      fetch: async (input, init) => {
        if (!online) throw new TypeError('Failed to fetch')
        return await fetch(input, init)
      },
      lifecycle: {
        ...life,
        onOnline(callback) {
          back.push(callback)
          return () => {}
        },
      },
    })
    await client.track('order', ORDER)
    await expect(client.score()).rejects.toMatchObject({ name: 'BundleUnavailable' })
    expect(client.status().errors.map(({ name }) => name)).toContain('BundleUnavailable')
    online = true
    for (const callback of back) callback()
    expect((await client.score()).features).toMatchObject({ orders: 1 })
  })

  test('of an app that ships the spec folds, and syncs', async () => {
    const net = new Network(new SyncServer(SHOP))
    const client = await openWith({
      bundle: `${server.url}/nothing/`,
      spec: JSON.parse(SHOP.json) as object,
      sync: { url: 'https://api/v1', token: 'good' },
      fetch: (input, init) =>
        String(input).startsWith('https://api')
          ? net.fetch(input, init)
          : Promise.reject(new TypeError('offline')),
    })
    await client.track('order', { amount: 1 })
    await expect(client.track('order', { amount: 'x' })).rejects.toMatchObject({ name: 'InvalidEvent' })
    expect(await client.sync()).toMatchObject({ outcome: 'synced' })
    expect(client.status()).toMatchObject({ acknowledged: 1, rejected: 1 })
  })
})

test('a spec that is known only later is synced by from then on', async () => {
  const net = new Network(new SyncServer(SPEC))
  let free = () => {}
  const freed = new Promise<void>((resolve) => {
    free = resolve
  })
  const client = await openWith({
    sync: { url: 'https://api/v1', token: 'good' },
    fetch: async (input, init) => {
      if (String(input).startsWith('https://api')) return await net.fetch(input, init)
      await freed
      return await fetch(input, init)
    },
  })
  await client.track('order', ORDER)
  expect(await client.sync()).toMatchObject({ outcome: 'waiting' })
  free()
  await client.score()
  expect(await client.sync()).toMatchObject({ outcome: 'synced' })
  expect(client.status()).toMatchObject({ acknowledged: 1, pending: 0 })
})

test('a kept bundle tells its spec without a network, and scores', async () => {
  await (await openWith()).score()
  await server.close()
  const client = await openWith()
  expect(client.spec?.id).toBe(SPEC.id)
  await client.track('order', ORDER)
  expect((await client.score()).features).toMatchObject({ orders: 1 })
  expect(client.status().errors.map(({ name }) => name)).toEqual(['BundleUnavailable'])
})

test('a served bundle of another spec than the page ships is refused, and the last good one scores', async () => {
  const spec = new TextDecoder().decode(tree['reducer.json'])
  await (await openWith({ spec })).score()
  publish(server, readBundle('linear'))
  const other = parseSpec(new TextDecoder().decode(readBundle('linear')['reducer.json']))
  const client = await openWith({ spec })
  await client.track('order', ORDER)
  expect((await client.score()).features).toMatchObject({ orders: 1 })
  if (other.id !== SPEC.id) expect(client.status().errors).toMatchObject([{ name: 'InvalidBundle' }])
})

test('an open bundle of another spec than the page ships is refused', async () => {
  const client = await openWith({ bundle: bundleOf(SHOP), spec: SPEC })
  await expect(client.score()).rejects.toMatchObject({ name: 'InvalidBundle' })
})
