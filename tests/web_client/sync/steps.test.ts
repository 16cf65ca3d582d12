/** The steps that the simulation seldom reaches: long logs, refusals, erasure, another spec. */

import { describe, expect, test } from 'vitest'
import { begun } from '../../../web_client/src/log/begin.js'
import { compacted, freshState, MAX_DIFF_EVENTS, type State } from '../../../web_client/src/log/state.js'
import type { StoredEvent } from '../../../web_client/src/log/store/store.js'
import { carry } from '../../../web_client/src/reducer/carry.js'
import { features } from '../../../web_client/src/reducer/features.js'
import { merge } from '../../../web_client/src/reducer/fold.js'
import { keptFromJson } from '../../../web_client/src/reducer/kept.js'
import type { Spec } from '../../../web_client/src/reducer/spec.js'
import { type Answer, parseAnswer } from '../../../web_client/src/sync/answer.js'
import { receive } from '../../../web_client/src/sync/receive.js'
import { type Problem, refuse } from '../../../web_client/src/sync/refuse.js'
import { seal } from '../../../web_client/src/sync/seal.js'
import { SHOP, START_MS, specWith } from '../device.js'
import { type DiffRequest, Server } from '../server.js'
import { profileOfMine } from './mine.js'

const OLD = '0'.repeat(32)
const NEW = '1'.repeat(32)
const DAY_MS = 86_400_000

function tracked(state: State, count: number, time = START_MS): State {
  const { last } = state.head
  const events: StoredEvent[] = Array.from({ length: count }, (_, index) => ({
    seq: last + 1 + index,
    id: `id${String(last + 1 + index).padStart(6, '0')}`,
    type: 'order',
    time,
    data: { amount: 1 },
  }))
  const head = { ...state.head, last: last + count, time, tracked: state.head.tracked + count }
  return { ...state, head, events: [...state.events, ...events] }
}

function answered(state: State, json: Record<string, unknown>, toDiff = true): Answer {
  return parseAnswer(SHOP, state.head.replica, toDiff, JSON.parse(JSON.stringify(json)))
}

function sent(server: Server, state: State): { state: State; outcome: string; answer: Answer } {
  const sealed = sealAt(SHOP, state)
  const diff = sealed.body.sealed
  if (diff === null) throw new Error('there is nothing to send')
  const request: DiffRequest = { ...diff, delta: JSON.parse(diff.delta) as object }
  const answer = answered(sealed, server.put(request))
  return { ...receiveAt(SHOP, sealed, answer, NEW), answer }
}

function allSent(server: Server, state: State): State {
  let held = state
  for (let round = 0; sealAt(SHOP, held).body.sealed !== null; round++) {
    if (round > 20) throw new Error('stuck')
    held = sent(server, held).state
  }
  return held
}

const sealAt = (spec: Spec, state: State) => seal(spec, state, START_MS)
const receiveAt = (spec: Spec, state: State, answer: Answer, replica: string) =>
  receive(spec, state, answer, replica, START_MS)
const orders = (profile: Parameters<typeof features>[1], spec = SHOP) =>
  features(spec, profile, 2 ** 52).orders
const mine = (state: State) => orders(profileOfMine(SHOP, state))
const problem = (status: number, name: string, values: Record<string, unknown> = {}): Problem => ({
  status,
  name,
  values,
})

describe('a log of 3,000 events', () => {
  test('goes up in diffs of at most 1,024, and keeps the last 1,024 rows', () => {
    const server = new Server(SHOP)
    const first = sealAt(SHOP, tracked(freshState(SHOP, OLD), 3_000)).body.sealed
    expect([first?.from, first?.to, first?.ids.length, first?.prev]).toEqual([1, 1_024, 1_024, ''])
    const state = allSent(server, tracked(freshState(SHOP, OLD), 3_000))
    expect(state.head).toMatchObject({ acked: 3_000, last: 3_000, compacted: 1_976, generation: 0 })
    expect(state.events.length).toBe(MAX_DIFF_EVENTS)
    expect([mine(state), orders(server.whole())]).toEqual([3_000, 3_000])
  })

  test('goes up as one contribution when the server has lost everything, its folded part included', () => {
    const state = tracked(allSent(new Server(SHOP), tracked(freshState(SHOP, OLD), 3_000)), 500)
    const server = new Server(SHOP)
    const told = receiveAt(SHOP, state, answered(state, server.profile(OLD), false), NEW)
    expect(told.outcome).toBe('restored')
    const diff = sealAt(SHOP, told.state).body.sealed
    expect([diff?.from, diff?.to, diff?.ids.length]).toEqual([0, 3_000, 1_024])
    const done = allSent(server, told.state)
    expect(done.head).toMatchObject({ replica: OLD, acked: 3_500, whole: false })
    expect(orders(server.whole())).toBe(3_500)
  })

  test('goes up as one contribution that reaches back to what a restored server still has', () => {
    const server = new Server(SHOP)
    let state = allSent(server, tracked(freshState(SHOP, OLD), 2_500))
    const restore = server.backup()
    state = allSent(server, tracked(state, 700))
    restore()
    const { outcome, answer, state: told } = sent(server, tracked(state, 5))
    expect([answer.outcome, outcome]).toEqual(['gap', 'restored'])
    const done = sent(server, told)
    expect(done.answer.outcome).toBe('replaced')
    expect(orders(server.whole())).toBe(3_205)
  })

  test('starts a new replica when the server was restored to before all the ids that are kept', () => {
    const server = new Server(SHOP)
    let state = allSent(server, tracked(freshState(SHOP, OLD), 100))
    const restore = server.backup()
    state = tracked(allSent(server, tracked(state, 2_500)), 7)
    restore()
    const told = receiveAt(SHOP, state, answered(state, server.profile(OLD), false), NEW)
    expect(told.outcome).toBe('forked')
    expect(told.state.head).toMatchObject({ replica: NEW, acked: 0, last: 7, compacted: 0 })
    allSent(server, told.state)
    expect(orders(server.whole())).toBe(107)
  })

  test('was local: it is folded, and goes up whole once there is a server', () => {
    const server = new Server(SHOP)
    const state = compacted(SHOP, tracked(freshState(SHOP, OLD), 12_000), 2_000)
    expect([state.events.length, mine(state)]).toEqual([10_000, 12_000])
    expect(allSent(server, state).head.acked).toBe(12_000)
    expect(orders(server.whole())).toBe(12_000)
  })
})

describe('after a fork', () => {
  test('the profile still has what the old replica contributed, before the server tells it', () => {
    const server = new Server(SHOP)
    const origin = allSent(server, tracked(freshState(SHOP, OLD), 5))
    const renamed = (state: State, prefix: string): State => ({
      ...state,
      events: state.events.map((event) =>
        event.seq > 5 ? { ...event, id: `${prefix}${event.id.slice(1)}` } : event,
      ),
    })
    allSent(server, renamed(tracked(origin, 3), 'a'))
    const { outcome, state } = sent(server, renamed(tracked(origin, 2), 'b'))
    expect(outcome).toBe('forked')
    expect(state.head).toMatchObject({ replica: NEW, last: 2, acked: 0 })
    expect(
      orders(merge(SHOP, carry(SHOP, keptFromJson(state.body.others)).profile, profileOfMine(SHOP, state))),
    ).toBe(7)
    allSent(server, state)
    expect(orders(server.whole())).toBe(10)
  })

  test('an answer to the replica that was is not believed', () => {
    const state = tracked(freshState(SHOP, NEW), 2)
    const answer = { ...answered(state, new Server(SHOP).profile(NEW), false), replica: OLD }
    expect(receiveAt(SHOP, state, answer, 'x')).toEqual({ state, outcome: 'stale' })
  })
})

describe('a diff that the server refuses', () => {
  const refusedOf = (state: State, given: Problem) => refuse(sealAt(SHOP, state), given, START_MS, NEW)

  test.each([401, 403, 404, 408, 409, 429, 500, 503])('with %i is kept as it is', (status) => {
    const state = sealAt(SHOP, tracked(freshState(SHOP, OLD), 3))
    expect(refuse(state, problem(status, 'Whatever'), START_MS, NEW)).toEqual({
      state,
      refusal: 'kept',
    })
  })

  test.each([400, 413, 422])('with %i is halved, until one event is left', (status) => {
    let state = tracked(freshState(SHOP, OLD), 8)
    for (const size of [4, 2, 1]) {
      const { state: next, refusal } = refusedOf(state, problem(status, 'InvalidProfile'))
      expect([refusal, sealAt(SHOP, next).body.sealed?.to]).toEqual(['split', size])
      state = next
    }
    const { refusal, state: last } = refusedOf(state, problem(status, 'InvalidProfile'))
    expect(refusal).toBe(status === 413 ? 'kept' : 'quarantined')
    expect(mine(last)).toBe(8)
  })

  test('leaves its one bad event in quarantine, and the rest goes on', () => {
    const server = new Server(SHOP)
    let state = tracked(freshState(SHOP, OLD), 40)
    const bad = state.events[16]?.id as string
    for (let round = 0; ; round++) {
      if (round > 60) throw new Error('stuck')
      const sealed = sealAt(SHOP, state)
      const diff = sealed.body.sealed
      if (diff === null) break
      state = diff.ids.includes(bad)
        ? refuse(sealed, problem(422, 'InvalidProfile'), START_MS, NEW).state
        : sent(server, sealed).state
    }
    expect(state.head).toMatchObject({ acked: 39, last: 39, quarantined: 1, limit: expect.any(Number) })
    expect(state.body.quarantine).toMatchObject([{ problem: 'InvalidProfile', events: [{ id: bad }] }])
    expect([mine(state), orders(server.whole())]).toEqual([40, 39])
  })

  test('comes back from quarantine after a day', () => {
    const one = refusedOf(tracked(freshState(SHOP, OLD), 1), problem(400, 'InvalidRequest')).state
    expect(begun(SHOP, one, NEW, START_MS + DAY_MS - 1)).toMatchObject({ head: one.head, events: [] })
    const back = begun(SHOP, one, NEW, START_MS + DAY_MS)
    expect(back.head).toMatchObject({ last: 1, quarantined: 0 })
    expect([back.events[0]?.id, mine(back)]).toEqual(['id000001', 1])
  })

  test('for a clock that was ahead is stamped anew, and goes up', () => {
    const server = new Server(SHOP)
    const ahead = tracked(tracked(freshState(SHOP, OLD), 2), 3, START_MS + 3 * DAY_MS)
    const { state, refusal } = refusedOf(ahead, problem(422, 'ClockAhead', { server_time_ms: START_MS }))
    expect(refusal).toBe('mended')
    expect(state.events.map((event) => event.time)).toEqual(Array(5).fill(START_MS))
    expect(allSent(server, state).head).toMatchObject({ acked: 5, last: 5, quarantined: 0, time: START_MS })
    expect(orders(server.whole())).toBe(5)
  })

  test('for a spec that the server does not serve is unsealed', () => {
    const { state, refusal } = refusedOf(tracked(freshState(SHOP, OLD), 2), problem(409, 'SpecMismatch'))
    expect([refusal, state.body.sealed, state.events.length]).toEqual(['unsealed', null, 2])
  })
})

describe('an erased subject', () => {
  test('is forgotten on the device, by the refusal or by the next answer', () => {
    const server = new Server(SHOP)
    const state = tracked(allSent(server, tracked(freshState(SHOP, OLD), 3)), 1)
    server.erase()
    const refused = refuse(state, problem(410, 'SubjectErased', { epoch: 1 }), START_MS, NEW)
    const told = receiveAt(SHOP, state, answered(state, server.profile(OLD), false), NEW)
    expect([refused.refusal, told.outcome]).toEqual(['erased', 'erased'])
    for (const after of [refused.state, told.state]) {
      expect(after.head).toMatchObject({ replica: NEW, epoch: 1, last: 0, tracked: 0, time: START_MS })
      expect([after.events, mine(after)]).toEqual([[], 0])
    }
  })

  test('is not brought back by a server that was restored to before the erasure', () => {
    const server = new Server(SHOP)
    allSent(server, tracked(freshState(SHOP, '2'.repeat(32)), 3))
    const state = tracked(freshState(SHOP, OLD, { epoch: 1 }), 1)
    const told = receiveAt(SHOP, state, answered(state, server.profile(OLD), false), NEW)
    expect([told.outcome, told.state.head.epoch]).toEqual(['believed', 1])
    expect(orders(carry(SHOP, keptFromJson(told.state.body.others)).profile)).toBe(0)
  })

  test('keeps what a device tracked before it first heard of the server', () => {
    const server = new Server(SHOP)
    server.erase()
    const state = tracked(freshState(SHOP, OLD), 2)
    const told = receiveAt(SHOP, state, answered(state, server.profile(OLD), false), NEW)
    expect([told.outcome, told.state.head.epoch, told.state.head.last]).toEqual(['believed', 1, 2])
  })
})

describe('another spec', () => {
  const more = specWith([
    { name: 'orders', aggregate: 'count', event: 'order' },
    {
      name: 'large',
      aggregate: 'count',
      event: 'order',
      where: { greater_or_equal: [{ field: 'amount' }, { literal: 100, scale: 2 }] },
    },
  ])

  test('keeps the aggregates that it has too, and rebuilds the new ones from the rows', () => {
    const before = allSent(new Server(SHOP), tracked(freshState(SHOP, OLD), 3_000))
    const after = begun(more, before, NEW, START_MS)
    const row = features(more, profileOfMine(more, after), 2 ** 52)
    expect(row).toEqual({ orders: 3_000, large: MAX_DIFF_EVENTS })
    expect(after.head).toMatchObject({ spec: more.id, whole: true, acked: 3_000, replica: OLD })
    const diff = sealAt(more, after).body.sealed
    expect([diff?.from, diff?.to, diff?.spec]).toEqual([0, 3_000, more.id])
  })

  test('puts an event that it does not declare in quarantine, until a spec declares it again', () => {
    const viewless = specWith([{ name: 'orders', aggregate: 'count', event: 'order' }], {
      order: { amount: { type: 'decimal', scale: 2 } },
    })
    const two = tracked(freshState(SHOP, OLD), 2)
    const [first, second] = two.events as [StoredEvent, StoredEvent]
    const before = { ...two, events: [{ ...first, type: 'view', data: { page: 'home' } }, second] }
    const after = begun(viewless, before, NEW, START_MS)
    expect(after.head).toMatchObject({ last: 1, quarantined: 1 })
    expect(orders(profileOfMine(viewless, after), viewless)).toBe(1)
    const again = begun(SHOP, after, NEW, START_MS)
    expect(again.head).toMatchObject({ last: 2, quarantined: 0, spec: SHOP.id })
    expect(features(SHOP, profileOfMine(SHOP, again), 2 ** 52)).toMatchObject({ orders: 1, views: 1 })
  })
})

describe('an answer', () => {
  const good = new Server(SHOP).profile(OLD)

  test.each([
    ['the whole', null],
    ['acked', { ...good, acked: -1 }],
    ['recent', { ...good, recent: ['aaaaaaaa'] }],
    ['head', { ...good, acked: 1, head: 'b', recent: ['a'] }],
    ['epoch', { ...good, epoch: '0' }],
    ['others', { ...good, others: 7 }],
    ['state 1234 of others', { ...good, others: { last_ms: 1, spec: SHOP.id, state: { 1234: 1 } } }],
    ['attributes', { ...good, attributes: { country: 'Narnia' } }],
    ['outcome', { ...good, outcome: 'splendid' }],
  ])('with a wrong member is refused by name: %s', (where, json) => {
    const parse = () => parseAnswer(SHOP, OLD, where === 'outcome', json)
    expect(parse).toThrow(expect.objectContaining({ name: 'InvalidAnswer', where }))
  })

  test('of another spec is a SpecMismatch', () => {
    expect(() => parseAnswer(SHOP, OLD, false, { ...good, spec: 'f'.repeat(64) })).toThrow(
      expect.objectContaining({ name: 'SpecMismatch', given: 'f'.repeat(64), expected: SHOP.id }),
    )
  })
})
