/** Aggregates that keep one extreme: the smallest or largest value, the first or last event. */

import { compareStrings, isSafeInteger } from '../canonical.js'
import type { Value } from '../field.js'
import { isReplica } from '../replica.js'
import {
  type Accumulator,
  type Aggregate,
  asQuotient,
  type Domain,
  decodeTime,
  type Edge,
  orUndefined,
  scaled,
  siftValue,
  WrongState,
} from './base.js'

/** 1 keeps the smallest, -1 the largest. */
export type Direction = 1 | -1

/** State: the smallest or largest value. */
export function extremeValue(direction: Direction, scale: number, domain: Domain): Aggregate<number> {
  return {
    accumulator: () => new ExtremeAccumulator(direction),
    merge: (a, b) => ((b - a) * direction < 0 ? b : a),
    finalize: (state) => (state === undefined ? undefined : asQuotient(state, scaled(1, scale))),
    encode: (state) => state,
    decode: (value) => domain.accept(value) as number,
  }
}

/** State: the time of the earliest or latest event. */
export function extremeTime(direction: Direction, unitMs: number): Aggregate<number> {
  return {
    accumulator: () => new ExtremeTimeAccumulator(direction),
    merge: (a, b) => ((b - a) * direction < 0 ? b : a),
    finalize: (state, nowMs) => (state === undefined ? undefined : asQuotient(nowMs - state, unitMs)),
    encode: (state) => state,
    decode: decodeTime,
  }
}

/** State: [time, replica, seq, value] of the first or last event; `scale` is null where the value is no number. */
export function edgeValue(direction: Direction, scale: number | null, domain: Domain): Aggregate<Edge> {
  const chosen = (a: Edge, b: Edge) => (compareEdges(b, a) * direction < 0 ? b : a)
  const better = (a: Edge | undefined, b: Edge) => (a === undefined ? b : chosen(a, b))

  /** From where `inside` is of every event: the edge outside may have displaced some, of its spec's time. */
  const wholeSince = (inside: Edge | undefined, outside: Edge | undefined, lastMs: number): number | null => {
    if (outside === undefined || (inside !== undefined && chosen(inside, outside) === inside)) return null
    const displacing = direction < 0 ? outside : inside
    return (displacing === undefined ? lastMs : displacing[0]) + 1
  }

  return {
    accumulator: (replica) => new EdgeAccumulator(direction, replica),
    merge: chosen,
    finalize(state) {
      if (state === undefined || typeof state[3] === 'string') return state?.[3] as string | undefined
      return scale === null ? Number(state[3]) : asQuotient(state[3] as number, scaled(1, scale))
    },
    encode: (state) => state,
    decode(value, lastMs) {
      const [time, replica, seq, held] = decodeMoment(value, lastMs)
      return [time, replica, seq, domain.accept(held)]
    },
    sift(value, lastMs) {
      let inside: Edge | undefined
      let outside: Edge | undefined
      let lost = false
      for (const item of Array.isArray(value) && Array.isArray(value[0]) ? value : [value]) {
        const moment = orUndefined(() => decodeMoment(item, lastMs))
        const sifted = moment && siftValue(domain, moment[3])
        if (moment === undefined || sifted === undefined) {
          lost = true
        } else {
          const edge: Edge = [moment[0], moment[1], moment[2], sifted[1]]
          if (sifted[0]) inside = better(inside, edge)
          else outside = better(outside, edge)
        }
      }
      return { inside, outside, sinceMs: wholeSince(inside, outside, lastMs), lost }
    },
    // The edge outside leaves room for the one inside, so that it is not lost to its spec.
    join(inside, outside) {
      const edge = outside === undefined ? inside : better(inside, outside)
      return (inside === undefined || edge === inside ? edge : [edge, inside]) as Edge | Edge[]
    },
  }
}

function decodeMoment(value: unknown, lastMs: number): readonly [number, string, number, unknown] {
  if (!Array.isArray(value) || value.length !== 4)
    throw new WrongState('a list of time, replica, seq and value')
  const [time, replica, seq, held] = value as unknown[]
  const decodedTime = decodeTime(time, lastMs)
  if (!isReplica(replica) || !isSafeInteger(seq) || seq < 1) {
    throw new WrongState("a replica's name and a seq of 1 .. 2^53 - 1")
  }
  return [decodedTime, replica, seq, held]
}

/** Compare by time, replica, seq. Ties in all three are one event; the value makes the order total even so. */
export function compareEdges(a: Edge, b: Edge): number {
  return a[0] - b[0] || compareStrings(a[1], b[1]) || a[2] - b[2] || compareValues(a[3], b[3])
}

/** Compare two values of one type: strings by code point, false before true. */
export function compareValues(a: Value, b: Value): number {
  return typeof a === 'string' ? compareStrings(a, b as string) : Number(a) - Number(b)
}

class ExtremeAccumulator implements Accumulator<number> {
  private extreme: number | undefined

  constructor(private readonly direction: Direction) {}

  update(value: number): void {
    if (this.extreme === undefined || (value - this.extreme) * this.direction < 0) this.extreme = value
  }

  state(): number | undefined {
    return this.extreme
  }
}

class ExtremeTimeAccumulator implements Accumulator<number> {
  private extreme: number | undefined

  constructor(private readonly direction: Direction) {}

  update(_value: Value, time: number): void {
    if (this.extreme === undefined || (time - this.extreme) * this.direction < 0) this.extreme = time
  }

  state(): number | undefined {
    return this.extreme
  }
}

class EdgeAccumulator implements Accumulator<Edge> {
  private time = 0
  private seq = 0
  private value: Value | undefined

  constructor(
    private readonly direction: Direction,
    private readonly replica: string,
  ) {}

  update(value: Value, time: number, seq: number): void {
    if (this.value !== undefined) {
      const order = time - this.time || seq - this.seq || compareValues(value, this.value)
      if (order * this.direction >= 0) return
    }
    this.time = time
    this.seq = seq
    this.value = value
  }

  state(): Edge | undefined {
    return this.value === undefined ? undefined : [this.time, this.replica, this.seq, this.value]
  }
}
