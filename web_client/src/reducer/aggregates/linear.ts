/** Aggregates that add: a count, a total, a mean. Their states are exact integers of any size. */

import { add, decodeInteger, encodeInteger, isSafeInteger, type Quantity } from '../canonical.js'
import { type Accumulator, type Aggregate, asQuotient, scaled, WrongState } from './base.js'

/** State: n. */
export function count(): Aggregate<Quantity> {
  return {
    accumulator: () => new CountAccumulator(),
    merge: add,
    finalize: (state) => Number(state ?? 0),
    encode: encodeInteger,
    decode: decodeCount,
  }
}

/** State: the sum of the values' integers, each 10^scale times the value. */
export function total(scale: number): Aggregate<Quantity> {
  return {
    accumulator: () => new TotalAccumulator(),
    merge: (a, b) => add(a, b) || undefined,
    finalize: (state) => asQuotient(state ?? 0, scaled(1, scale)),
    encode: encodeInteger,
    decode(value) {
      const sum = decodeSum(value)
      if (sum === 0) throw new WrongState('no total of 0')
      return sum
    },
  }
}

/** State: [n, sum]. */
export function mean(scale: number): Aggregate<readonly Quantity[]> {
  return {
    accumulator: () => new MeanAccumulator(),
    merge: ([n, sum], [otherN, otherSum]) => [
      add(n as Quantity, otherN as Quantity),
      add(sum as Quantity, otherSum as Quantity),
    ],
    finalize: (state) => state && asQuotient(state[1] as Quantity, scaled(state[0] as Quantity, scale)),
    encode: (state) => state.map(encodeInteger),
    decode(value) {
      if (!Array.isArray(value) || value.length !== 2) throw new WrongState('a count and a sum')
      return [decodeCount(value[0]), decodeSum(value[1])]
    },
  }
}

/** Return a count of at least one event, else throw WrongState. */
export function decodeCount(value: unknown): number {
  if (isSafeInteger(value) && value >= 1) return value
  throw new WrongState('a count of 1 .. 2^53 - 1')
}

/** Return an exact sum, else throw WrongState. */
export function decodeSum(value: unknown): Quantity {
  const sum = decodeInteger(value)
  if (sum === undefined)
    throw new WrongState('an integer: a number where |n| < 2^53, else a string of digits')
  return sum
}

class CountAccumulator implements Accumulator<Quantity> {
  private n = 0

  update(): void {
    this.n++
  }

  state(): Quantity | undefined {
    return this.n || undefined
  }
}

class TotalAccumulator implements Accumulator<Quantity> {
  private sum: Quantity = 0

  update(value: number): void {
    this.sum = add(this.sum, value)
  }

  state(): Quantity | undefined {
    return this.sum || undefined
  }
}

class MeanAccumulator implements Accumulator<readonly Quantity[]> {
  private n = 0
  private sum: Quantity = 0

  update(value: number): void {
    this.n++
    this.sum = add(this.sum, value)
  }

  state(): readonly Quantity[] | undefined {
    return this.n > 0 ? [this.n, this.sum] : undefined
  }
}
