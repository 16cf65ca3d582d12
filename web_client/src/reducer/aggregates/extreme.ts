/** Aggregates that keep one extreme: the smallest or largest value, the first or last event. */

import { compareStrings, isSafeInteger } from '../canonical.js'
import type { Value } from '../field.js'
import { isReplica } from '../replica.js'
import {
  type Accumulator,
  type Aggregate,
  asQuotient,
  type Decode,
  decodeTime,
  type Edge,
  scaled,
  WrongState,
} from './base.js'

/** 1 keeps the smallest, -1 the largest. */
export type Direction = 1 | -1

/** State: the smallest or largest value. */
export function extremeValue(direction: Direction, scale: number, decode: Decode): Aggregate<number> {
  return {
    accumulator: () => new ExtremeAccumulator(direction),
    merge: (a, b) => ((b - a) * direction < 0 ? b : a),
    finalize: (state) => (state === undefined ? undefined : asQuotient(state, scaled(1, scale))),
    encode: (state) => state,
    decode: (value) => decode(value) as number,
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
export function edgeValue(direction: Direction, scale: number | null, decode: Decode): Aggregate<Edge> {
  return {
    accumulator: (replica) => new EdgeAccumulator(direction, replica),
    merge: (a, b) => (compareEdges(b, a) * direction < 0 ? b : a),
    finalize(state) {
      if (state === undefined || typeof state[3] === 'string') return state?.[3] as string | undefined
      return scale === null ? Number(state[3]) : asQuotient(state[3] as number, scaled(1, scale))
    },
    encode: (state) => state,
    decode(value, lastMs) {
      if (!Array.isArray(value) || value.length !== 4)
        throw new WrongState('a list of time, replica, seq and value')
      const [time, replica, seq, held] = value as unknown[]
      const decodedTime = decodeTime(time, lastMs)
      if (!isReplica(replica) || !isSafeInteger(seq) || seq < 1) {
        throw new WrongState("a replica's name and a seq of 1 .. 2^53 - 1")
      }
      return [decodedTime, replica, seq, decode(held)]
    },
  }
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
