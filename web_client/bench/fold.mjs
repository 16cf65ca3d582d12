/** Events a second of `fold` on the built client, validation included, beside a hand-written loop over the same ten
 *  features that checks nothing and sums floats: `node bench/fold.mjs [events] [rounds]`.
 *
 *  Prints one line of JSON: the medians of the rounds, after one that warms up. */

import { performance } from 'node:perf_hooks'
import { fold } from '../dist/reducer/fold.js'
import { profileToJson } from '../dist/reducer/profile.js'
import { parseSpec } from '../dist/reducer/spec.js'

const DAY_MS = 86_400_000
const START_MS = 1_767_225_600_000
const GENRES = ['rock', 'jazz', 'folk']
const COUPONS = ['SPRING', 'SUMMER', 'AUTUMN', 'WINTER']

const amount = { field: 'amount' }
const large = { greater_or_equal: [amount, { literal: 2000, scale: 2 }] }
const order = (aggregate, members) => ({ aggregate, event: 'order', ...members })

const spec = parseSpec({
  edgefold: 1,
  name: 'repurchase',
  events: {
    order: {
      amount: { type: 'decimal', scale: 2 },
      quantity: { type: 'integer' },
      gift: { type: 'boolean' },
      genre: { type: 'enum', values: GENRES },
      coupon: { type: 'string', max: 20, optional: true },
    },
  },
  attributes: {},
  features: [
    { name: 'orders', ...order('count') },
    { name: 'orders_90d', ...order('count', { window_ms: 90 * DAY_MS, hop_ms: DAY_MS }) },
    { name: 'large_orders', ...order('count', { where: { and: [large, { not: { field: 'gift' } }] } }) },
    { name: 'spent_30d', ...order('total', { value: amount, window_ms: 30 * DAY_MS, hop_ms: DAY_MS }) },
    { name: 'amount_mean', ...order('mean', { value: amount, default: 0 }) },
    { name: 'days_since_order', ...order('time_since_last', { unit_ms: DAY_MS }) },
    { name: 'last_genre', ...order('last', { value: { field: 'genre' } }) },
    { name: 'by_genre', ...order('count_by', { key: 'genre' }) },
    {
      name: 'spent_by_genre',
      ...order('total_by', { value: amount, key: 'genre', window_ms: 30 * DAY_MS, hop_ms: DAY_MS }),
    },
    { name: 'coupons', ...order('distinct', { value: { field: 'coupon' }, cap: 16 }) },
  ],
  triggers: [],
})

const count = Number(process.argv[2] ?? 1_000_000)
const rounds = Number(process.argv[3] ?? 5)
if (!(count >= 1 && rounds >= 1)) throw new RangeError('give a count of events, and of rounds, of at least 1')

const events = Array.from({ length: count }, (_, index) => eventAt(index))
const ours = rateOf(() => fold(spec, events, { replica: 'bench' }))
const loop = rateOf(() => handWritten(events))
if (!profileToJson(fold(spec, events)).includes(`:${handWritten(events).large},`))
  throw new Error('the two disagree')
console.log(
  JSON.stringify({
    benchmark: 'fold in Node',
    events: count,
    features: spec.features.length,
    rounds,
    events_per_second: ours,
    hand_written_loop_per_second: loop,
    ratio: Number((ours / loop).toFixed(3)),
  }),
)

function rateOf(run) {
  run()
  const seconds = Array.from({ length: rounds }, () => {
    const started = performance.now()
    run()
    return (performance.now() - started) / 1000
  }).sort((a, b) => a - b)
  return Math.round(count / seconds[Math.floor(rounds / 2)])
}

/** Fold orders as one would for one model, without the library. */
function handWritten(orders) {
  const found = { count: 0, large: 0, spent: 0, lastTime: -1, lastGenre: null }
  const [byGenre, ordersADay, spentADay, genreADay] = [new Map(), new Map(), new Map(), new Map()]
  const coupons = new Set()
  const plus = (map, key, amount) => map.set(key, (map.get(key) ?? 0) + amount)
  for (const { time, data } of orders) {
    const day = Math.floor(time / DAY_MS)
    found.count++
    found.spent += data.amount
    if (data.amount >= 20 && !data.gift) found.large++
    if (time >= found.lastTime) {
      found.lastTime = time
      found.lastGenre = data.genre
    }
    plus(byGenre, data.genre, 1)
    plus(ordersADay, day, 1)
    plus(spentADay, day, data.amount)
    plus(genreADay, `${day} ${data.genre}`, data.amount)
    if (data.coupon !== undefined) coupons.add(data.coupon)
  }
  return { ...found, byGenre, ordersADay, spentADay, genreADay, coupons }
}

/** An order every 20 seconds on average, in an order that is not quite that of time; every third has a coupon. */
function eventAt(index) {
  // A linear congruential generator (Numerical Recipes) on the index: the same events in every run.
  const noise = (Math.imul(index, 1_664_525) + 1_013_904_223) >>> 0
  const data = {
    amount: (noise % 10_000) / 100,
    quantity: 1 + (noise % 5),
    gift: noise % 7 === 0,
    genre: GENRES[(noise >>> 8) % 3],
  }
  if (noise % 3 === 0) data.coupon = COUPONS[(noise >>> 12) % 4]
  return {
    type: 'order',
    time: START_MS + index * 20_000 + (noise % 60_000),
    seq: index + 1,
    id: 'q7Zk1fQe',
    data,
  }
}
