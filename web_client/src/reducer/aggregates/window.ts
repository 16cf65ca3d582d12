/** A window over any aggregate: a state a bucket of `hopMs` (Chronon's sawtooth window). */

import { isObject } from '../canonical.js'
import type { Value } from '../field.js'
import { type Accumulator, type Aggregate, join, type State, sift, WrongState } from './base.js'

type Buckets = ReadonlyMap<number, State>

/** State: {bucket: state} without zeros, bucket = floor(time / hopMs). */
export function within(inner: Aggregate, windowMs: number, hopMs: number): Aggregate<Buckets> {
  /** The first bucket that a read-out at `nowMs` needs. The quotient of integers below 2^53 never rounds up to the next. */
  const oldest = (nowMs: number) => Math.floor((nowMs - windowMs) / hopMs)

  return {
    accumulator: (replica) => new WindowAccumulator(inner, hopMs, replica),
    merge(a, b) {
      const merged = new Map(a)
      for (const [bucket, state] of b) {
        const held = merged.get(bucket)
        const both = held === undefined ? state : inner.merge(held, state)
        if (both === undefined) merged.delete(bucket)
        else merged.set(bucket, both)
      }
      return merged.size > 0 ? merged : undefined
    },
    prune(state, lastMs) {
      const kept = oldest(lastMs + 1)
      const pruned = new Map([...state].filter(([bucket]) => bucket >= kept))
      return pruned.size > 0 ? pruned : undefined
    },
    finalize(state, nowMs) {
      const first = oldest(nowMs)
      let merged: State | undefined
      for (const [bucket, held] of state ?? []) {
        if (bucket >= first) merged = merged === undefined ? held : inner.merge(merged, held)
      }
      return inner.finalize(merged, nowMs)
    },
    encode: (state) => new Map([...state].map(([bucket, held]) => [String(bucket), inner.encode(held)])),
    decode(value, lastMs) {
      if (!isObject(value) || Object.keys(value).length === 0)
        throw new WrongState('an object with a member a bucket')
      const [first, last] = [Math.max(0, oldest(lastMs + 1)), Math.floor(lastMs / hopMs)]
      return new Map(
        Object.entries(value).map(([name, held]) => {
          const bucket = bucketOf(name) ?? -1
          if (bucket < first || bucket > last) throw new WrongState(`buckets of ${first} .. ${last}`)
          return [bucket, inner.decode(held, lastMs)]
        }),
      )
    },
    sift(value, lastMs) {
      const [inside, outside] = [new Map<number, State>(), new Map<number, State>()]
      const entries = isObject(value) ? Object.entries(value) : []
      const [from, to] = [oldest(lastMs + 1), Math.floor(lastMs / hopMs)]
      let lost = entries.length === 0
      let sinceMs = 0
      for (const [name, held] of entries) {
        const bucket = bucketOf(name)
        if (bucket === undefined || bucket > to) {
          lost = true
        } else if (bucket >= from) {
          const sifted = sift(inner, held, lastMs)
          if (sifted.inside !== undefined) inside.set(bucket, sifted.inside)
          if (sifted.outside !== undefined) outside.set(bucket, sifted.outside)
          sinceMs = Math.max(sinceMs, Math.min(sifted.sinceMs ?? 0, (bucket + 1) * hopMs))
          lost ||= sifted.lost
        }
      }
      return { inside: orNone(inside), outside: orNone(outside), sinceMs: sinceMs || null, lost }
    },
    join(inside = new Map(), outside = new Map()) {
      const buckets = [...new Set([...inside.keys(), ...outside.keys()])]
      return new Map(
        buckets.map((bucket) => [String(bucket), join(inner, inside.get(bucket), outside.get(bucket))]),
      )
    },
  }
}

/** The bucket that a member names in its one form. */
function bucketOf(name: string): number | undefined {
  return /^(0|[1-9][0-9]{0,15})$/.test(name) ? Number(name) : undefined
}

function orNone(buckets: Buckets): Buckets | undefined {
  return buckets.size > 0 ? buckets : undefined
}

class WindowAccumulator implements Accumulator<Buckets> {
  private readonly buckets = new Map<number, Accumulator>()
  // The bucket of the last event: events come mostly in order of time.
  private current: Accumulator | undefined
  private startMs = 0
  private endMs = 0

  constructor(
    private readonly inner: Aggregate,
    private readonly hopMs: number,
    private readonly replica: string,
  ) {}

  update(value: Value, time: number, seq: number, key: string | undefined): void {
    const current =
      this.current !== undefined && time >= this.startMs && time < this.endMs
        ? this.current
        : this.enter(time)
    current.update(value, time, seq, key)
  }

  state(): Buckets | undefined {
    const states = [...this.buckets].map(([bucket, accumulator]) => [bucket, accumulator.state()] as const)
    const held = states.filter((entry): entry is [number, State] => entry[1] !== undefined)
    return held.length > 0 ? new Map(held) : undefined
  }

  private enter(time: number): Accumulator {
    const bucket = Math.floor(time / this.hopMs)
    let entered = this.buckets.get(bucket)
    if (entered === undefined) {
      entered = this.inner.accumulator(this.replica)
      this.buckets.set(bucket, entered)
    }
    this.current = entered
    this.startMs = bucket * this.hopMs
    this.endMs = this.startMs + this.hopMs
    return entered
  }
}
