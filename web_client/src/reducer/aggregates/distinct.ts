/** The number of distinct values, up to a cap. */

import type { Value } from '../field.js'
import { type Accumulator, type Aggregate, type Domain, siftValue, WrongState } from './base.js'
import { compareValues } from './extreme.js'

type Values = readonly Value[]

/** State: the `cap` smallest distinct values, ascending (strings by code point). Keeping the smallest, not the
 *  earliest, is what makes the merge associative. */
export function distinct(cap: number, domain: Domain): Aggregate<Values> {
  return {
    accumulator: () => new DistinctAccumulator(cap),
    merge(a, b) {
      const union = new DistinctAccumulator(cap)
      for (const value of a) union.update(value)
      for (const value of b) union.update(value)
      return union.state()
    },
    finalize: (state) => state?.length ?? 0,
    encode: (state) => state,
    decode(value) {
      if (!Array.isArray(value) || value.length < 1 || value.length > cap) {
        throw new WrongState(`a list of 1 to ${cap} values`)
      }
      const state = value.map(domain.accept)
      if (state.some((item, index) => index > 0 && compareValues(state[index - 1] as Value, item) >= 0)) {
        throw new WrongState('distinct values in ascending order')
      }
      return state
    },
    sift(value, lastMs) {
      const [within, beyond] = [new DistinctAccumulator(cap), new DistinctAccumulator(cap)]
      let lost = !Array.isArray(value) || value.length === 0
      for (const item of Array.isArray(value) ? value : []) {
        const sifted = siftValue(domain, item)
        if (sifted === undefined) lost = true
        else (sifted[0] ? within : beyond).update(sifted[1])
      }
      const [inside, outside] = [within.state(), beyond.state()]
      const [n, others] = [inside?.length ?? 0, outside?.length ?? 0]
      // A list that was full may have been cut to make room for what is outside.
      const cut = others > 0 && n < cap && n + others >= cap
      return { inside, outside, sinceMs: cut ? lastMs + 1 : null, lost }
    },
    // All of both, in order: up to twice the cap, so that neither displaces the other.
    join: (inside = [], outside = []) => [...inside, ...outside].sort(compareValues),
  }
}

class DistinctAccumulator implements Accumulator<Values> {
  private readonly ascending: Value[] = []
  private readonly known = new Set<Value>()

  constructor(private readonly cap: number) {}

  update(value: Value): void {
    if (this.known.has(value)) return
    const place = this.placeOf(value)
    if (place === this.cap) return
    this.ascending.splice(place, 0, value)
    this.known.add(value)
    if (this.ascending.length > this.cap) this.known.delete(this.ascending.pop() as Value)
  }

  state(): Values | undefined {
    return this.ascending.length > 0 ? [...this.ascending] : undefined
  }

  /** How many of the values kept are smaller. */
  private placeOf(value: Value): number {
    let [low, high] = [0, this.ascending.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareValues(this.ascending[middle] as Value, value) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
