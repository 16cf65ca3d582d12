/** fast-check arbitraries: specs over every aggregate, with and without window and predicate, and logs of their events. */

import fc from 'fast-check'
import { registered } from '../../web_client/src/reducer/aggregates/registry.js'
import type { AggregateName } from '../../web_client/src/reducer/rules.js'
import { parseSpec, type Spec } from '../../web_client/src/reducer/spec.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
export const START_MS = 20_454 * DAY_MS
const WORDS = ['a', 'b', '😀', '\uffee', 'toString', '__proto__']

export interface LogEvent {
  readonly type: string
  readonly time: number
  readonly seq: number
  readonly data: Record<string, unknown>
}

const amount = { field: 'amount' }
const points = { field: 'points' }
const note = { field: 'note' }
const genre = { field: 'genre' }
const gift = { field: 'gift' }

const EVENTS = {
  sale: {
    amount: { type: 'decimal', scale: 2 },
    points: { type: 'integer', optional: true },
    gift: { type: 'boolean' },
    genre: { type: 'enum', values: ['rock', 'jazz', 'folk'], optional: true },
    note: { type: 'string', max: 9, optional: true },
  },
  visit: { page: { type: 'string', max: 8 } },
}

const predicates = fc.constantFrom<object>(
  {},
  { where: { greater_or_equal: [amount, { literal: 300, scale: 2 }] } },
  { where: { and: [gift, { greater: [points, { literal: 0 }] }] } },
  { where: { or: [{ in: [genre, ['rock', 'folk']] }, { is_missing: note }] } },
  { where: { not: { equal: [note, { literal: 'a' }] } } },
)
const windows = fc.constantFrom<object>(
  {},
  { window_ms: 2 * DAY_MS, hop_ms: 6 * HOUR_MS },
  { window_ms: 5 * HOUR_MS, hop_ms: 2 * HOUR_MS },
  { window_ms: 420_000, hop_ms: 180_000 },
)
const numbers = fc.constantFrom<object>(
  { value: amount },
  { value: points },
  { value: { subtract: [amount, { literal: 200, scale: 2 }] } },
  { value: { multiply: [points, { literal: 3 }] } },
)
const fields = fc.constantFrom<object>(...[amount, points, gift, genre, note].map((value) => ({ value })))
const keys = fc.constantFrom<object>({ key: 'genre' }, { key: 'note', keys: WORDS.slice(2) })
const none = fc.constant<object>({})

/** What each aggregate takes besides `where` and a window; a missing one is an error of the compiler. */
const MEMBERS: Readonly<Record<AggregateName, fc.Arbitrary<object>>> = {
  count: none,
  total: numbers,
  mean: numbers,
  minimum: numbers,
  maximum: numbers,
  first: fields,
  last: fields,
  time_since_first: fc.constant({ unit_ms: DAY_MS }),
  time_since_last: fc.constant({ unit_ms: 1 }),
  count_by: keys,
  total_by: merged(numbers, keys),
  distinct: merged(fields, fc.constant({ cap: 2 })),
}

/** Specs of one aggregate, and of a count of visits, so that another type's events come too. */
export function specOf(aggregate: AggregateName): fc.Arbitrary<Spec> {
  return merged(MEMBERS[aggregate], predicates, windows).map((members) =>
    parseSpec({
      edgefold: 1,
      name: 'laws',
      events: EVENTS,
      attributes: {},
      features: [
        { name: 'value', aggregate, event: 'sale', ...members },
        { name: 'visits', aggregate: 'count', event: 'visit' },
      ],
      triggers: [],
    }),
  )
}

export { registered }

const times = fc.oneof(
  fc.integer({ min: 0, max: 4 }).map((hours) => START_MS + hours * HOUR_MS),
  fc.integer({ min: START_MS, max: START_MS + 4 * DAY_MS }),
  fc.constantFrom(START_MS - 1, START_MS, START_MS + 1, START_MS + 40 * DAY_MS, 0),
)
const sales = fc.record(
  {
    amount: fc.constantFrom(0, 1, 2.995, 3, 0.1, -7.25, 70_000_000_000_000),
    gift: fc.boolean(),
    points: fc.oneof(
      fc.constantFrom(null, 3_002_399_751_580_330, -3_002_399_751_580_330),
      fc.integer({ min: -3, max: 3 }),
    ),
    genre: fc.constantFrom('rock', 'jazz', 'folk'),
    note: fc.constantFrom(...WORDS),
  },
  { requiredKeys: ['amount', 'gift'] },
)
const visits = fc.record({ page: fc.constantFrom('home', 'cart') })
const bodies = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('sale'), time: times, data: sales }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('visit'), time: times, data: visits }) },
)

/** Logs of one replica: events with their seq, in no order of time. */
export const logs: fc.Arbitrary<readonly LogEvent[]> = fc
  .array(bodies, { maxLength: 25 })
  .map((log) => log.map((event, index) => ({ ...event, seq: index + 1 })))

function merged(...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<object> {
  return fc.tuple(...parts).map((members) => Object.assign({}, ...members) as object)
}
