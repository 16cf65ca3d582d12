/** Two people on one device: whose events are whose, at every switch. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Client, ClientOptions } from '../../../web_client/src/client/client.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import type { Store } from '../../../web_client/src/log/store/store.js'
import { features } from '../../../web_client/src/reducer/features.js'
import { sha256 } from '../../../web_client/src/reducer/sha256.js'
import { LocalStorage, openShop, SHOP } from '../device.js'
import { type DiffRequest, Server } from '../server.js'

const tagOf = (subject: string) => sha256(`key ${subject}`).slice(0, 32)
const open: Client[] = []
let names = 0

/** A server of many subjects, told apart by their tokens: the token of ann is 'ann'. */
class People {
  readonly servers = new Map<string, Server>()
  refusing = false
  readonly requests: { readonly method: string; readonly subject: string }[] = []

  of(subject: string): Server {
    const server = this.servers.get(subject) ?? new Server(SHOP)
    this.servers.set(subject, server)
    return server
  }

  orders(subject: string): unknown {
    return features(SHOP, this.of(subject).whole(), 2 ** 52).orders
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { method = 'GET' } = init
    const subject = new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? ''
    this.requests.push({ method, subject })
    if (this.refusing) {
      const problem = { name: 'TooManyRequests', detail: 'no.' }
      return Response.json(problem, { status: 429, headers: { 'retry-after': '600' } })
    }
    const tag = tagOf(subject)
    const url = new URL(String(input))
    if (method === 'DELETE') return Response.json({ epoch: this.of(subject).erase() })
    if (method === 'GET') {
      const answer = this.of(subject).profile(url.searchParams.get('replica') ?? '')
      return Response.json({ ...answer, subject_tag: tag })
    }
    const diff = JSON.parse(String(init.body)) as DiffRequest & { readonly subject_tag?: string }
    if (diff.subject_tag !== undefined && diff.subject_tag !== tag) {
      const problem = { name: 'SubjectMismatch', detail: 'no.', given: diff.subject_tag, expected: tag }
      return Response.json(problem, { status: 409 })
    }
    return Response.json({ ...this.of(subject).put(diff), subject_tag: tag })
  }
}

/** A device: its stores by name, and its localStorage. */
class Device {
  readonly stores = new Map<string, Store>()
  readonly name = `device-${names++}`
  readonly store = (name: string): Store => {
    const store = this.stores.get(name) ?? memoryStore()
    this.stores.set(name, store)
    return store
  }

  async open(options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = await openShop({ name: this.name, ...options, store: this.store as unknown as Store })
    open.push(client)
    return client
  }
}

let people: People
let device: Device
let token: string
const sync = { url: 'https://api/v1', token: () => token }
const order = (client: Client) => client.track('order', { amount: 1 })
const scored = async (client: Client) => (await client.score()).features.orders

beforeEach(() => {
  vi.stubGlobal('localStorage', new LocalStorage())
  people = new People()
  device = new Device()
  token = 'ann'
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
  vi.unstubAllGlobals()
})

describe('a client', () => {
  test('counts for each subject what was tracked as theirs', async () => {
    const client = await device.open()
    await order(client)
    await client.identify('ann')
    expect(await scored(client)).toBe(0)
    await order(client)
    await order(client)
    await client.identify('bob')
    expect(client.status()).toMatchObject({ tracked: 0, pending: 0 })
    await client.identify('ann')
    expect(await scored(client)).toBe(2)
    await client.reset()
    expect(await scored(client)).toBe(1)
  })

  test('adopts the anonymous log by choice, once', async () => {
    const client = await device.open()
    await order(client)
    await order(client)
    await client.identify('ann', { adopt: true })
    await order(client)
    expect(await scored(client)).toBe(3)
    expect(client.status()).toMatchObject({ tracked: 3, pending: 3 })
    await client.reset()
    expect(await scored(client)).toBe(0)
    await client.identify('ann', { adopt: true })
    expect(await scored(client)).toBe(3)
  })

  test('names the log of a subject by a hash, so that the device holds no identity', async () => {
    const client = await device.open()
    await client.identify('ann@example.org')
    expect([...device.stores.keys()]).toEqual([
      device.name,
      `${device.name}.${sha256('ann@example.org').slice(0, 16)}`,
    ])
    expect(JSON.stringify(await client.export())).not.toContain('ann@')
  })

  test('sends each subject’s events with the token that is fetched for them', async () => {
    const client = await device.open({
      sync: { ...sync, token: (subject) => subject ?? 'nobody' },
      fetch: people.fetch,
      subject: 'ann',
    })
    await order(client)
    await client.sync()
    await client.identify('bob')
    await order(client)
    await order(client)
    await client.sync()
    expect([people.orders('ann'), people.orders('bob'), people.servers.has('nobody')]).toEqual([1, 2, false])
  })

  test('keeps the silence that the server asked for, whoever it goes on with', async () => {
    const client = await device.open({ sync, fetch: people.fetch, subject: 'ann' })
    people.refusing = true
    await client.sync()
    const { length } = people.requests
    await client.identify('bob')
    await order(client)
    expect(await client.sync()).toMatchObject({ outcome: 'waiting', error: null })
    expect(people.requests.length).toBe(length)
  })

  test('keeps its listeners over a switch', async () => {
    const client = await device.open()
    const scores: unknown[] = []
    client.on('score', (score) => scores.push(score.features.orders))
    await order(client)
    await client.identify('ann')
    await order(client)
    await order(client)
    await vi.waitFor(() => expect(scores.at(-1)).toBe(2))
  })

  test('tells the score of whom it goes on with, and none of the person before after that', async () => {
    const client = await device.open({ subject: 'ann' })
    await order(client)
    const scores: unknown[] = []
    const whose: string[] = []
    client.on('score', (score) => {
      scores.push(score.features.orders)
      whose.push(client.status().replica)
    })
    const { replica } = client.status()
    void order(client)
    await client.identify('bob')
    await vi.waitFor(() => expect(scores.at(-1)).toBe(0))
    const since = whose.indexOf(client.status().replica)
    expect(whose.slice(since)).not.toContain(replica)
    expect(scores.slice(since).every((count) => count === 0)).toBe(true)
  })

  test('refuses a subject that is none', async () => {
    const client = await device.open()
    for (const subject of ['', 17, null, undefined]) {
      await expect(client.identify(subject as string)).rejects.toMatchObject({ name: 'InvalidOptions' })
    }
    await order(client)
    expect(client.status().pending).toBe(1)
  })

  test('refuses options that are none', async () => {
    const client = await device.open()
    for (const options of [null, 'adopt', { adopt: 'yes' }, { adpot: true }]) {
      await expect(client.identify('ann', options as never)).rejects.toMatchObject({ name: 'InvalidOptions' })
    }
    expect([...device.stores.keys()]).toEqual([device.name])
  })

  test('that was given one store can hold one log', async () => {
    const client = await openShop({ store: memoryStore() })
    open.push(client)
    await expect(client.identify('ann')).rejects.toMatchObject({ name: 'InvalidOptions', option: 'store' })
    await order(client)
    expect(await scored(client)).toBe(1)
  })
})

describe('switches', () => {
  test('that are not awaited run in order, the last wins, and calls belong to the last before them', async () => {
    const client = await device.open()
    const all: Promise<unknown>[] = []
    for (const subject of ['ann', 'bob', 'cleo', 'ann', 'bob']) {
      all.push(client.identify(subject), order(client))
    }
    await Promise.all(all)
    expect(await scored(client)).toBe(2)
    await client.identify('ann')
    expect(await scored(client)).toBe(2)
    await client.identify('cleo')
    expect(await scored(client)).toBe(1)
  })

  test('leave the calls in flight to the session in which they began', async () => {
    const client = await device.open()
    const tracking = order(client)
    const exporting = client.export()
    await client.identify('ann')
    await tracking
    expect((await exporting).events).toHaveLength(1)
    expect(client.status().tracked).toBe(0)
  })

  test('are waited for by a close', async () => {
    const client = await device.open()
    const switching = client.identify('ann')
    await client.close()
    await switching
    await expect(client.identify('bob')).rejects.toMatchObject({ name: 'ClientClosed' })
  })

  test('to a store that can not be opened leave the session as it is', async () => {
    const store = (name: string): Store => {
      if (name.includes('.')) throw new Error('no room for another')
      return device.store(name)
    }
    const client = await openShop({ name: device.name, store: store as unknown as Store })
    open.push(client)
    await order(client)
    await expect(client.identify('ann')).rejects.toThrow('no room for another')
    await order(client)
    expect(await scored(client)).toBe(2)
  })
})

describe('the next start', () => {
  test('opens the log that was last in use', async () => {
    const before = await device.open()
    await before.identify('ann')
    await order(before)
    await before.close()
    const after = await device.open()
    expect(await scored(after)).toBe(1)
    await after.reset()
    await after.close()
    expect(await scored(await device.open())).toBe(0)
  })

  test('opens the log of the subject that is named', async () => {
    const before = await device.open({ subject: 'ann' })
    await order(before)
    await before.close()
    const bob = await device.open({ subject: 'bob' })
    expect(await scored(bob)).toBe(0)
    await bob.close()
    expect(await scored(await device.open({ subject: 'ann' }))).toBe(1)
  })

  test.each(['', '../other', 'x'.repeat(1_000)])('ignores a pointer that is none: %s', async (text) => {
    localStorage.setItem(`${device.name}:subject`, text)
    await device.open()
    expect([...device.stores.keys()]).toEqual([device.name])
  })
})

describe('a token of another subject', () => {
  const synced = (options: Partial<ClientOptions> = {}) =>
    device.open({ sync, fetch: people.fetch, ...options })

  test('moves a client that named nobody to a log of its own, with what was tracked since it opened', async () => {
    const first = await synced()
    await order(first)
    expect(await first.sync()).toMatchObject({ outcome: 'synced' })
    await first.close()

    token = 'bob'
    const second = await synced()
    await order(second)
    await order(second)
    expect(await second.sync()).toMatchObject({ outcome: 'synced' })
    expect(second.status()).toMatchObject({ tracked: 2, acknowledged: 2, pending: 0, errors: [] })
    expect([people.orders('ann'), people.orders('bob'), await scored(second)]).toEqual([1, 2, 2])
    await second.close()

    token = 'ann'
    const third = await synced()
    expect(await third.sync()).toMatchObject({ outcome: 'synced' })
    expect([people.orders('ann'), people.orders('bob'), await scored(third)]).toEqual([1, 2, 1])
    expect([...device.stores.keys()]).toEqual([device.name, `${device.name}.${tagOf('bob')}`])
  })

  test('leaves what the one before tracked and never sent to them', async () => {
    const first = await synced()
    await first.sync()
    await order(first)
    await first.close()
    token = 'bob'
    const second = await synced()
    await order(second)
    await second.sync()
    await second.close()
    token = 'ann'
    const third = await synced()
    await third.sync()
    expect([people.orders('ann'), people.orders('bob')]).toEqual([1, 1])
  })

  test('that comes while the page is open moves what no server has', async () => {
    const client = await synced()
    await order(client)
    await client.sync()
    token = 'bob'
    const other = await synced()
    await order(other)
    await other.sync()
    expect([people.orders('ann'), people.orders('bob')]).toEqual([1, 1])
  })

  test('fails the sync of a client that named one, and nothing is sent or mixed', async () => {
    const client = await synced({ subject: 'ann' })
    await order(client)
    await client.sync()
    await client.close()
    token = 'bob'
    const again = await synced({ subject: 'ann' })
    await order(again)
    expect(await again.sync()).toMatchObject({
      outcome: 'failed',
      error: { name: 'SubjectMismatch', given: tagOf('ann'), expected: tagOf('bob') },
    })
    expect(again.status()).toMatchObject({ tracked: 2, pending: 1 })
    expect([people.orders('ann'), people.orders('bob')]).toEqual([1, 0])
    token = 'ann'
    await again.close()
    const last = await synced({ subject: 'ann' })
    await last.sync()
    expect(people.orders('ann')).toBe(2)
  })

  test('that is another person’s at each call leads to an end', async () => {
    const client = await synced()
    let calls = 0
    await client.sync()
    await client.close()
    const turns = ['bob', 'cleo', 'dora', 'eve', 'ann']
    const turning = await device.open({
      sync: { url: 'https://api/v1', token: () => turns[calls++ % turns.length] as string },
      fetch: people.fetch,
    })
    await order(turning)
    expect((await turning.sync()).outcome).toMatch(/^(failed|synced)$/)
    expect(calls).toBeLessThan(20)
  })

  test('fails the sync of a client with one store', async () => {
    const store = memoryStore()
    const one = { store, name: device.name, sync, fetch: people.fetch }
    const client = await openShop(one)
    open.push(client)
    await client.sync()
    await client.close()
    token = 'bob'
    const again = await openShop(one)
    open.push(again)
    expect(await again.sync()).toMatchObject({ error: { name: 'SubjectMismatch' } })
  })
})
