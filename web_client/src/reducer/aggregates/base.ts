/** What every aggregate is, and what a state is checked against. */

import { isSafeInteger, type Json, type Quantity } from '../canonical.js'
import { acceptor, expectedOf, POWERS_OF_TEN, type Value } from '../field.js'
import type { AggregateNode } from '../node.js'

/** The first or last event's time, replica, seq and value. */
export type Edge = readonly [time: number, replica: string, seq: number, value: Value]

/** A state of one or more events; a state equal to the aggregate's zero is always undefined, never stored. */
export type State =
  | Quantity
  | Value
  | Edge
  | readonly Quantity[]
  | readonly Value[]
  | ReadonlyMap<string, Quantity>
  | ReadonlyMap<number, unknown>

/** A read-out: a number, a string, a number for each key, or undefined where it is missing. */
export type ReadOut = number | string | readonly number[] | undefined

/** An aggregate: `zero` is undefined, the unit of `merge`, which is associative and commutative.
 *  States are values: nothing changes one. */
export interface Aggregate<S = State> {
  /** Return an accumulator at zero, for events of one replica. */
  accumulator(replica: string): Accumulator<S>
  /** Return the state of the events of both; undefined where they cancel out. */
  merge(a: S, b: S): S | undefined
  /** Return the read-out at a time. */
  finalize(state: S | undefined, nowMs: number): ReadOut
  encode(state: S): Json
  /** Return the state that `encode` wrote for a profile whose last event is at `lastMs`, else throw WrongState. */
  decode(value: unknown, lastMs: number): S
  /** Return the state without what no read-out after `lastMs` needs; only windows have any. */
  prune?(state: S, lastMs: number): S | undefined
}

/** The mutable side of an aggregate, owned by one fold. */
export interface Accumulator<S = State> {
  /** Add an event; `key` is that of a keyed aggregate, else undefined. */
  update(value: Value, time: number, seq: number, key: string | undefined): void
  /** Return the state of the events so far. */
  state(): S | undefined
}

/** JSON that is no state of an aggregate; the message says what was expected. */
export class WrongState extends Error {}

/** Divide two exact integers as doubles: each to the nearest double, then one division. */
export function asQuotient(numerator: Quantity, divisor: Quantity): number {
  return Number(numerator) / Number(divisor)
}

/** Return count * 10^scale as the nearest double, though the exact product may pass 2^53. */
export function scaled(count: Quantity, scale: number): number {
  const product = Number(count) * (POWERS_OF_TEN[scale] as number)
  return Number.isSafeInteger(product) ? product : Number(BigInt(count) * 10n ** BigInt(scale))
}

/** Return a time of 0 .. lastMs, else throw WrongState. */
export function decodeTime(value: unknown, lastMs: number): number {
  if (isSafeInteger(value) && value >= 0 && value <= lastMs) return value + 0
  throw new WrongState(`a time of 0 .. ${lastMs}, its last event's`)
}

/** Returns a value that may stand in a state, else throws WrongState. */
export type Decode = (value: unknown) => Value

/** Return the decoder of an aggregate's value: one of its field's range, or any number that arithmetic can give. */
export function valueDecoder(node: AggregateNode): Decode {
  const declared = node.value?.operator === 'field' ? node.fields.get(node.value.field) : undefined
  // A decimal is kept as its integer.
  const field =
    declared === undefined || declared.type === 'decimal'
      ? { type: 'integer' as const, optional: false }
      : declared
  const accept = acceptor(field)
  return (value) => {
    const accepted = accept(value)
    if (accepted === undefined) throw new WrongState(expectedOf(field))
    return accepted
  }
}
