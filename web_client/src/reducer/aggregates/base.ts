/** What every aggregate is, and what a state is checked against. */

import { hasAtMost, isSafeInteger, isWellFormed, type Json, type Quantity } from '../canonical.js'
import { acceptor, expectedOf, isText, MAX_STRING_CODE_POINTS, POWERS_OF_TEN, type Value } from '../field.js'
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
  /** Read a kept state; only aggregates whose values a vocabulary limits have their own way. See `sift`. */
  sift?(value: unknown, lastMs: number): Sifted<S>
  /** Return the kept state that `sift` reads as these two, not both undefined. */
  join?(inside: S | undefined, outside: S | undefined): Json
}

/** A kept state, of any vocabulary, as one spec reads it. */
export interface Sifted<S = State> {
  /** What the spec's vocabulary has. */
  readonly inside: S | undefined
  /** What it lacks, held for a spec that has it. */
  readonly outside: S | undefined
  /** Inside counts every event from here on, null where it counts all: it lacks some where the outside displaced them. */
  readonly sinceMs: number | null
  /** Whether some of it could not be read, and is in neither. */
  readonly lost: boolean
}

/** Read a kept state whose last event is at `lastMs`, pruned. Never throws. */
export function sift(aggregate: Aggregate, value: unknown, lastMs: number): Sifted {
  // What a profile of the spec can hold, the usual case, is all inside; and it is read at once.
  const inside = orUndefined(() => aggregate.decode(value, lastMs))
  if (inside === undefined && aggregate.sift !== undefined) return aggregate.sift(value, lastMs)
  return { inside, outside: undefined, sinceMs: null, lost: inside === undefined }
}

/** Return the kept state, as JSON, that `sift` reads as these two, not both undefined. */
export function join(aggregate: Aggregate, inside: State | undefined, outside: State | undefined): Json {
  return aggregate.join === undefined ? aggregate.encode(inside as State) : aggregate.join(inside, outside)
}

/** Return the state of the events of both, either of which may be of none. */
export function mergeStates<S>(aggregate: Aggregate<S>, a: S | undefined, b: S | undefined): S | undefined {
  return a === undefined ? b : b === undefined ? a : aggregate.merge(a, b)
}

/** Return what a function decodes, undefined where it throws WrongState. */
export function orUndefined<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof WrongState) return undefined
    throw error
  }
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

/** The values that may stand in a state. */
export interface Domain {
  /** Return a value of it, else throw WrongState. */
  readonly accept: (value: unknown) => Value
  /** Whether they are strings: then another spec's vocabulary or length may be larger. */
  readonly text: boolean
}

/** Return a value and whether it is inside a domain, else in another spec's; undefined where it is in no spec's. */
export function siftValue(
  domain: Domain,
  value: unknown,
): readonly [inside: boolean, value: Value] | undefined {
  const accepted = orUndefined(() => domain.accept(value))
  if (accepted !== undefined) return [true, accepted]
  const fits = domain.text && typeof value === 'string' && isWellFormed(value)
  return fits && hasAtMost(MAX_STRING_CODE_POINTS, value) ? [false, value] : undefined
}

/** Return the domain of an aggregate's value: its field's range, or any number that arithmetic can give. */
export function domainOf(node: AggregateNode): Domain {
  const declared = node.value?.operator === 'field' ? node.fields.get(node.value.field) : undefined
  // A decimal is kept as its integer.
  const field =
    declared === undefined || declared.type === 'decimal'
      ? { type: 'integer' as const, optional: false }
      : declared
  const accepted = acceptor(field)
  const accept = (given: unknown): Value => {
    const value = accepted(given)
    if (value === undefined) throw new WrongState(expectedOf(field))
    return value
  }
  return { accept, text: isText(field) }
}
