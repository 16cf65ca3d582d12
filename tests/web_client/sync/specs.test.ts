/** A subject whose devices go from spec to spec, at random: every aggregate is the fold of all events, or says since when it is. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { begun } from '../../../web_client/src/log/begin.js'
import { accepts } from '../../../web_client/src/log/specs.js'
import {
  compacted,
  freshState,
  mineUpTo,
  RowsMissing,
  type State,
} from '../../../web_client/src/log/state.js'
import type { StoredEvent } from '../../../web_client/src/log/store/store.js'
import { type Carried, carry } from '../../../web_client/src/reducer/carry.js'
import { features } from '../../../web_client/src/reducer/features.js'
import { merge } from '../../../web_client/src/reducer/fold.js'
import { keptFromJson } from '../../../web_client/src/reducer/kept.js'
import type { AggregateNode } from '../../../web_client/src/reducer/node.js'
import type { Profile } from '../../../web_client/src/reducer/profile.js'
import type { Feature, Spec } from '../../../web_client/src/reducer/spec.js'
import { parseAnswer } from '../../../web_client/src/sync/answer.js'
import { receive } from '../../../web_client/src/sync/receive.js'
import { seal } from '../../../web_client/src/sync/seal.js'
import { KEYS, START_MS, specWith } from '../device.js'
import { type DiffRequest, type Fault, Server } from '../server.js'

const RUNS = Number(process.env.EDGEFOLD_COUNT ?? 150)
const SEED = Number(process.env.EDGEFOLD_SEED ?? 20_261)

const AMOUNT = { type: 'decimal', scale: 2 }
const KEY = { type: 'string', max: 8 }
const KINDS = ['rock', 'jazz', 'pop']
const byKey = (name: string, more: object = {}) => ({
  name,
  aggregate: 'count_by',
  event: 'order',
  key: 'key',
  keys: KEYS,
  ...more,
})
const dear = { where: { greater_or_equal: [{ field: 'amount' }, { literal: 0, scale: 2 }] } }
const kinds = { name: 'kinds', aggregate: 'count_by', event: 'order', key: 'kind' }
const fieldsOf = (count: number, more: object = {}) => ({
  order: { amount: AMOUNT, key: KEY, kind: { type: 'enum', values: KINDS.slice(0, count) }, ...more },
})
/** Each has a count of each event by its key: the first two share one, the third has its own and asks for one field more. */
const SPECS: readonly Spec[] = [
  specWith([byKey('n'), kinds], fieldsOf(2)),
  specWith(
    [byKey('n'), { ...kinds, name: 'by_kind' }, { name: 'orders', aggregate: 'count', event: 'order' }],
    fieldsOf(3),
  ),
  specWith([byKey('n', dear), kinds], fieldsOf(3, { gift: { type: 'boolean', optional: true } })),
  specWith([byKey('n'), { name: 'spent', aggregate: 'total', event: 'order', value: { field: 'amount' } }], {
    order: { amount: AMOUNT, key: KEY, kind: { type: 'enum', values: KINDS }, gift: { type: 'boolean' } },
  }),
]

/** Of these each takes every event. */
const ALIKE: readonly Spec[] = [
  [kinds],
  [dear],
  [{ name: 'orders', aggregate: 'count', event: 'order' }],
].map((more) =>
  specWith(
    [byKey('n'), ...more.map((feature) => ('where' in feature ? byKey('dear', feature) : feature))],
    fieldsOf(3, { gift: { type: 'boolean', optional: true } }),
  ),
)

interface Device {
  state: State
  spec: Spec
}

type Command = { readonly kind: string; readonly device: number; readonly number: number }

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.record({
    kind: fc.oneof(
      { weight: 8, arbitrary: fc.constant('track') },
      { weight: 6, arbitrary: fc.constant('send') },
      { weight: 3, arbitrary: fc.constantFrom('move', 'ask', 'old tab') },
      { weight: 2, arbitrary: fc.constantFrom('fold', 'lose reply') },
    ),
    device: fc.nat({ max: 2 }),
    number: fc.nat({ max: 3 }),
  }),
  { maxLength: 50 },
)

class World {
  readonly server: Server
  readonly devices: Device[]
  private readonly events: StoredEvent[] = []
  private names = 0

  constructor(
    fault: Fault,
    private readonly specs: readonly Spec[],
  ) {
    this.server = new Server(specs[0] as Spec, fault, specs)
    this.devices = specs.slice(0, 3).map((spec, index) => ({
      spec,
      state: freshState(spec, String(index).padStart(32, '0')),
    }))
  }

  private replica(): string {
    return (1_000 + this.names++).toString(16).padStart(32, '0')
  }

  do({ kind, device: index, number }: Command): void {
    const device = this.devices[index % this.devices.length] as Device
    if (kind === 'track') this.track(device, device.spec)
    else if (kind === 'old tab') this.track(device, this.specs[number % this.specs.length] as Spec)
    else if (kind === 'send') this.send(device)
    else if (kind === 'lose reply') this.send(device, true)
    else if (kind === 'ask') this.ask(device)
    else if (kind === 'move') this.move(device, this.specs[number % this.specs.length] as Spec)
    else if (kind === 'fold') {
      const { acked } = device.state.head
      device.state = compacted(device.spec, device.state, Math.max(0, acked - number))
    }
  }

  /** An event that a spec takes, which may be of a tab that is outdated. */
  private track({ state }: Device, by: Spec): void {
    if (this.names >= KEYS.length) return
    const number = this.names++
    const data = { amount: 1, key: KEYS[number] as string, kind: KINDS[number % KINDS.length] as string }
    const event: StoredEvent = {
      seq: state.head.last + 1,
      id: `event${number.toString(36).padStart(3, '0')}`,
      type: 'order',
      time: START_MS + number,
      data: number % 5 < 2 ? { ...data, gift: true } : data,
    }
    if (!accepts(by, event)) return
    this.events.push(event)
    const device = this.devices.find((each) => each.state === state) as Device
    const { head } = state
    device.state = {
      ...state,
      head: { ...head, last: event.seq, time: event.time, tracked: head.tracked + 1 },
      events: [...state.events, event],
    }
  }

  private move(device: Device, spec: Spec): void {
    device.spec = spec
    device.state = begun(spec, device.state, this.replica(), START_MS)
  }

  private ask(device: Device): void {
    const { replica } = device.state.head
    this.hear(device, this.server.profile(replica, device.spec), false)
    if (device.state.head.replica !== replica) this.ask(device)
  }

  private send(device: Device, loses = false): void {
    device.state = seal(device.spec, device.state, START_MS)
    const { sealed } = device.state.body
    if (sealed === null) return
    const request: DiffRequest = { ...sealed, delta: JSON.parse(sealed.delta) as object }
    const answer = this.server.put(request)
    if (!loses) this.hear(device, answer, true)
  }

  private hear(device: Device, json: Record<string, unknown>, toDiff: boolean): void {
    const { replica } = device.state.head
    const answer = parseAnswer(device.spec, replica, toDiff, JSON.parse(JSON.stringify(json)))
    device.state = receive(device.spec, device.state, answer, this.replica(), START_MS).state
  }

  /** Everybody comes to rest; then the server's profile by each live spec is checked against all events that were taken. */
  settle(): void {
    for (let round = 0; !this.devices.every(isQuiet); round++) {
      if (round > 40) throw new Error('somebody is stuck')
      for (const device of this.devices) this.send(device)
    }
    const held = this.devices.flatMap(({ state }) => state.body.quarantine.flatMap((entry) => entry.events))
    const apart = new Set(held.map((event) => event.id))
    const events = this.events.filter((event) => !apart.has(event.id))
    for (const spec of this.specs) check(spec, events, this.server.carried(spec))
    for (const device of this.devices) {
      this.ask(device)
      expect(device.state.head.spec).toBe(device.spec.id)
      check(device.spec, events, scoredBy(device))
    }
  }

  /** Every device goes to one spec, with all its rows there: then it is the fold of all events. */
  all(spec: Spec): void {
    for (const device of this.devices) this.move(device, spec)
    this.settle()
  }
}

/** What a device scores: its own events, and the others as it was last told of them. */
function scoredBy({ spec, state }: Device): Carried {
  const others = carry(spec, keptFromJson(state.body.others))
  const mine = mineUpTo(spec, state, state.head.last)
  const sinceMs = new Map([...others.sinceMs, ...mine.sinceMs])
  for (const [hash, ms] of others.sinceMs) sinceMs.set(hash, Math.max(ms, sinceMs.get(hash) ?? 0))
  return { profile: merge(spec, others.profile, mine.profile), sinceMs }
}

/** Each event that a spec takes is counted once, those before `since` at most once. */
function check(spec: Spec, events: readonly StoredEvent[], { profile, sinceMs }: Carried): void {
  const { node } = spec.features[0] as Feature
  const since = sinceMs.get((node as AggregateNode).hash) ?? 0
  const counted = countsOf(spec, profile)
  for (const event of events) {
    const key = event.data.key as string
    const count = counted.get(key) ?? 0
    if (count > 1) throw new Error(`${key} is counted ${count} times`)
    if (count === 0 && event.time >= since && accepts(spec, event)) throw new Error(`${key} is lost`)
  }
}

function isQuiet({ state }: Device): boolean {
  return state.head.acked === state.head.last && state.body.sealed === null && !state.head.whole
}

function countsOf(spec: Spec, profile: Profile): Map<string, number> {
  const row = features(spec, profile, 2 ** 52)
  return new Map(KEYS.map((key) => [key, row[`n=${key}`] as number]))
}

function simulate(fault: Fault, specs: readonly Spec[], given: readonly Command[], last: number): Server {
  const world = new World(fault, specs)
  for (const command of given) world.do(command)
  world.settle()
  world.all(specs[last % specs.length] as Spec)
  return world.server
}

const property = (fault: Fault) =>
  fc.property(commands, fc.nat({ max: 3 }), (given, last) => void simulate(fault, SPECS, given, last))

describe('devices that go from spec to spec', () => {
  test('count every event once, or say since when they do', () => {
    fc.assert(property('none'), { numRuns: RUNS, seed: SEED })
  })

  test('have nothing left to say where each spec takes every event and every row is there', () => {
    const rows = commands.map((given) => given.filter(({ kind }) => kind !== 'fold'))
    const complete = fc.property(rows, fc.nat({ max: 2 }), (given, last) => {
      const server = simulate('none', ALIKE, given, last)
      expect(server.carried(ALIKE[last] as Spec).sinceMs.size).toBe(0)
    })
    fc.assert(complete, { numRuns: RUNS, seed: SEED })
  })

  test.each(['applies twice', 'drops', 'never says since'] as const)(
    'are seen to be wrong where the server %s',
    (fault) => {
      const { failed } = fc.check(property(fault), { numRuns: 1_000, seed: SEED, endOnFailure: true })
      expect(failed).toBe(true)
    },
  )
})

test('a decision that lacks rows says so', () => {
  const state = freshState(SPECS[0] as Spec, '0'.repeat(32), { last: 3 })
  expect(() => seal(SPECS[0] as Spec, state, START_MS)).toThrow(RowsMissing)
})
