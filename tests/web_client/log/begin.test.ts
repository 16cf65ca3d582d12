import { describe, expect, test } from 'vitest'
import { compacted, MAX_DIFF_EVENTS } from '../../../web_client/src/log/state.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import { START_MS, specWith } from '../device.js'
import { held, opened, order, row } from './logs.js'

const ORDERS = { name: 'orders', aggregate: 'count', event: 'order' }
const SPENT = { name: 'spent', aggregate: 'total', event: 'order', value: { field: 'amount' } }
const KEYS = { name: 'keys', aggregate: 'count_by', event: 'order', key: 'key', keys: ['a', 'b'] }
const A = specWith([ORDERS, KEYS])
const B = specWith([ORDERS, SPENT])
const STRICT = specWith([ORDERS], {
  order: { amount: { type: 'decimal', scale: 2 }, gift: { type: 'boolean' } },
})

async function track(
  log: Awaited<ReturnType<typeof opened>>['log'],
  count: number,
  key = 'a',
): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => log.track('order', { amount: 1, key })))
}

describe('a log that goes from one spec to another and back', () => {
  test('loses nothing of the first, and tells since when the second counts', async () => {
    const store = memoryStore()
    const first = await opened({ store, spec: A })
    await track(first.log, 30)
    await first.log.change((state) => ({ state: compacted(A, state, 20), result: null }))

    const second = await opened({ store, spec: B })
    second.clock.nowMs += 1_000
    await track(second.log, 5)
    expect(await row(second.log, B)).toMatchObject({ orders: 35, spent: 15 })
    const { sinceMs } = await second.log.read()
    expect([...sinceMs.values()]).toEqual([first.clock.nowMs + 1])
    await second.log.change((state) => ({ state: compacted(B, state, 33), result: null }))

    const third = await opened({ store, spec: A })
    expect(await row(third.log, A)).toMatchObject({ orders: 35, 'keys=a': 35 })
    expect((await third.log.read()).sinceMs.size).toBe(0)
    const fourth = await opened({ store, spec: B })
    expect(await row(fourth.log, B)).toMatchObject({ orders: 35, spent: 15 })
  })

  test('keeps what the new spec refuses: pending in quarantine, acknowledged by the spec that took it', async () => {
    const store = memoryStore()
    const first = await opened({ store, spec: A })
    await track(first.log, 4)
    await first.log.change((state) => ({
      state: { ...state, head: { ...state.head, acked: 3 } },
      result: null,
    }))
    const second = await opened({ store, spec: STRICT })
    expect(second.errors).toMatchObject([{ name: 'EventsQuarantined', problem: 'InvalidEvent' }])
    expect(second.log.counts()).toMatchObject({ tracked: 4, acknowledged: 3, pending: 1, quarantined: 1 })
    expect(await row(second.log, STRICT)).toEqual({ orders: 3 })
    const third = await opened({ store, spec: A })
    expect(await row(third.log, A)).toMatchObject({ orders: 4, 'keys=a': 4 })
    expect(third.log.counts()).toMatchObject({ pending: 1, quarantined: 0 })
  })
})

describe('a tab whose spec is older than the log', () => {
  test('appends and reads out by its own spec, and says that it is outdated', async () => {
    const store = memoryStore()
    const old = await opened({ store, spec: A })
    await track(old.log, 2)
    const fresh = await opened({ store, spec: B })
    expect([old.log.outdated(), fresh.log.outdated()]).toEqual([false, false])
    await track(old.log, 1, 'b')
    expect([old.log.outdated(), fresh.log.outdated(), old.outdated()]).toEqual([true, false, 1])
    expect(await row(old.log, A)).toMatchObject({ orders: 3, 'keys=b': 1 })
    expect(await row(fresh.log, B)).toMatchObject({ orders: 3, spent: 3 })
    await track(old.log, 1)
    expect(old.outdated()).toBe(1)
  })

  test('changes nothing else, and an old log is folded by the spec that keeps it', async () => {
    const store = memoryStore()
    const old = await opened({ store, spec: A })
    await opened({ store, spec: B })
    await expect(old.log.change((state) => ({ state, result: null }))).rejects.toThrow('Reload the page')
    await track(old.log, 11_100)
    expect((await held(store)).head.compacted).toBe(0)
    const fresh = await opened({ store, spec: B })
    await track(fresh.log, 1)
    expect((await held(store)).head.compacted).toBe(1_101)
    expect(await row(fresh.log, B)).toMatchObject({ orders: 11_101, spent: 11_101 })
  })
})

describe('a client that was opened before a newer one', () => {
  const HOUR_MS = 3_600_000

  test('leaves a log that it opens late by the newer spec, and is outdated', async () => {
    const store = memoryStore()
    const fresh = await opened({ store, spec: B })
    await track(fresh.log, 1)
    fresh.clock.nowMs += HOUR_MS
    const openedMs = START_MS - HOUR_MS
    const old = await opened({ store, spec: A, clock: fresh.clock, openedMs })
    expect([old.log.outdated(), old.outdated(), (await held(store)).head.spec]).toEqual([true, 1, B.id])
    expect(await row(old.log, A)).toMatchObject({ orders: 1 })
    const late = await opened({ store, spec: null, clock: fresh.clock, openedMs })
    await late.log.setSpec(A)
    expect([late.log.outdated(), (await held(store)).head.spec]).toEqual([true, B.id])
  })

  test('is believed where the newer one came from a false future', async () => {
    const store = memoryStore()
    await opened({ store, spec: B, openedMs: START_MS + HOUR_MS })
    const next = await opened({ store, spec: A })
    expect([next.log.outdated(), (await held(store)).head.spec]).toEqual([false, A.id])
  })
})

describe('a log of which no client knows the spec yet', () => {
  test('takes events, and checks them when the spec comes', async () => {
    const { log, errors } = await opened({ spec: null })
    await log.track(...order(2))
    await log.track('nothing of this spec', {})
    await expect(log.track('order', { amount: {} as never })).rejects.toThrow('an object of numbers')
    await expect(log.read()).rejects.toThrow('no spec yet')
    await log.setSpec(B)
    expect(await row(log, B)).toEqual({ orders: 1, spent: 2 })
    expect(errors).toMatchObject([{ name: 'EventsQuarantined' }])
    expect(log.counts()).toMatchObject({ tracked: 3, pending: 2, quarantined: 1, rejected: 1 })
  })

  test('stays by the spec that it was left by', async () => {
    const store = memoryStore()
    const first = await opened({ store, spec: A })
    await track(first.log, 1)
    const second = await opened({ store, spec: null })
    await second.log.track(...order())
    expect((await held(store)).head).toMatchObject({ spec: A.id, last: 2 })
    await second.log.setSpec(A)
    expect(await row(second.log, A)).toMatchObject({ orders: 2 })
  })
})

test('a log of the first format goes on', async () => {
  const store = memoryStore()
  const first = await opened({ store, spec: A })
  await track(first.log, 3)
  await first.log.change((state) => ({ state: compacted(A, state, 2), result: null }))
  const { head, body } = await held(store)
  const { states } = JSON.parse(body.base) as { states: Record<string, { state: unknown }> }
  const state = Object.fromEntries(Object.entries(states).map(([hash, entry]) => [hash, entry.state]))
  const { subject, aheadMs, belowMs, quietUntilMs, journals, ...rest } = head
  const { specs, ...old } = body
  const base = JSON.stringify({ last_ms: head.time, spec: A.id, state })
  await store.transact({}, () => ({
    head: { ...rest, format: 1, sendUpToMs: null } as never,
    body: { ...old, base, others: '{"last_ms":null,"spec":"","state":{}}' } as never,
    result: null,
  }))
  const again = await opened({ store, spec: A })
  await track(again.log, 1)
  expect(await row(again.log, A)).toMatchObject({ orders: 4, 'keys=a': 4 })
  expect((await held(store)).head).toMatchObject({ format: 2, journals: {}, subject: null })
  expect((await again.log.read()).sinceMs.size).toBe(0)
})

test('a long log is folded in pieces', async () => {
  const { log, store } = await opened({ synced: true })
  await Promise.all(Array.from({ length: 2 * MAX_DIFF_EVENTS + 3_000 }, () => log.track(...order())))
  const reads: number[] = []
  const { transact } = store
  Object.assign(store, {
    transact: (read: never, decide: (found: { events: unknown[] }) => never) =>
      transact.call(store, read, (found) => {
        reads.push(found.events.length)
        return decide(found as never)
      }),
  })
  expect(await row(log)).toMatchObject({ orders: 5_048 })
  expect(Math.max(...reads)).toBeLessThanOrEqual(2_048)
})
