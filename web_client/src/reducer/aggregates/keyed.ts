/** Aggregates by key: a count or a total for each key of a closed vocabulary. */

import { add, encodeInteger, isObject, type Quantity } from '../canonical.js'
import { isKey, OTHER_KEY, type Value } from '../field.js'
import { type Accumulator, type Aggregate, asQuotient, orUndefined, scaled, WrongState } from './base.js'
import { decodeCount, decodeSum } from './linear.js'

type Sums = ReadonlyMap<string, Quantity>

/** State: {key: integer} without entries of 0. A key outside the vocabulary counts under its `__other__`. */
export function keyed(vocabulary: readonly string[], scale: number, counts: boolean): Aggregate<Sums> {
  const decodeNumber = counts ? decodeCount : decodeSum
  const indexes = new Map(vocabulary.map((key, index) => [key, index]))
  return {
    accumulator: () => new KeyedAccumulator(vocabulary, indexes),
    merge(a, b) {
      const merged = new Map(a)
      for (const [key, number] of b) {
        const sum = add(merged.get(key) ?? 0, number)
        if (sum === 0) merged.delete(key)
        else merged.set(key, sum)
      }
      return merged.size > 0 ? merged : undefined
    },
    finalize: (state) => vocabulary.map((key) => asQuotient(state?.get(key) ?? 0, scaled(1, scale))),
    encode: (state) => new Map([...state].map(([key, number]) => [key, encodeInteger(number)])),
    decode(value) {
      if (!isObject(value)) throw new WrongState('an object with a member a key')
      const entries = Object.entries(value)
      if (entries.length === 0 || entries.some(([key]) => !indexes.has(key))) {
        throw new WrongState(`an object whose members are of ${vocabulary.join(', ')}`)
      }
      const state = new Map(entries.map(([key, number]) => [key, decodeNumber(number)]))
      for (const number of state.values()) if (number === 0) throw new WrongState('no member of 0')
      return state
    },
    sift(value) {
      const [inside, outside] = [new Map<string, Quantity>(), new Map<string, Quantity>()]
      const entries = isObject(value) ? Object.entries(value) : []
      let lost = entries.length === 0
      for (const [key, held] of entries) {
        const number = orUndefined(() => decodeNumber(held)) ?? 0
        if (number === 0 || !isKey(key)) lost = true
        else (indexes.has(key) ? inside : outside).set(key, number)
      }
      return { inside: orNone(inside), outside: orNone(outside), sinceMs: null, lost }
    },
    join: (inside = new Map(), outside = new Map()) =>
      new Map([...inside, ...outside].map(([key, number]) => [key, encodeInteger(number)])),
  }
}

function orNone(sums: Sums): Sums | undefined {
  return sums.size > 0 ? sums : undefined
}

class KeyedAccumulator implements Accumulator<Sums> {
  private readonly sums: Quantity[]
  private readonly other: number | undefined

  constructor(
    private readonly vocabulary: readonly string[],
    private readonly indexes: ReadonlyMap<string, number>,
  ) {
    this.sums = vocabulary.map(() => 0)
    this.other = indexes.get(OTHER_KEY)
  }

  update(value: Value, _time: number, _seq: number, key: string): void {
    const index = (this.indexes.get(key) ?? this.other) as number
    this.sums[index] = add(this.sums[index] as Quantity, value as number)
  }

  state(): Sums | undefined {
    const entries = this.vocabulary.map((key, index) => [key, this.sums[index] as Quantity] as const)
    const state = new Map(entries.filter(([, sum]) => sum !== 0))
    return state.size > 0 ? state : undefined
  }
}
