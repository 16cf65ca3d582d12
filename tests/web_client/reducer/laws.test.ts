import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { features } from '../../../web_client/src/reducer/features.js'
import { fold, merge } from '../../../web_client/src/reducer/fold.js'
import {
  emptyProfile,
  type Profile,
  profileFromJson,
  profileToJson,
} from '../../../web_client/src/reducer/profile.js'
import type { Spec } from '../../../web_client/src/reducer/spec.js'
import { type LogEvent, logs, registered, START_MS, specOf } from '../arbitraries.js'

type Merge = typeof merge
type Fold = typeof fold

const LATER_MS = START_MS + 41 * 86_400_000
const RUNS = {
  numRuns: Number(process.env.EDGEFOLD_COUNT ?? 60),
  seed: Number(process.env.EDGEFOLD_SEED ?? 1),
}

/** fold(a + b) == merge(fold(a), fold(b)) on the bytes, for any split, in any order of arrival. */
function splitLaw(
  spec: Spec,
  log: readonly LogEvent[],
  mask: readonly boolean[],
  foldLaw: Fold,
  mergeLaw: Merge,
): void {
  const options = { replica: 'device' }
  const [left, right] = [true, false].map((side) => log.filter((_, index) => (mask[index] ?? true) === side))
  const [a, b] = [left, right].map((part) => foldLaw(spec, part as LogEvent[], options)) as [Profile, Profile]
  const whole = profileToJson(foldLaw(spec, log, options))
  expect(profileToJson(mergeLaw(spec, a, b))).toBe(whole)
  expect(profileToJson(mergeLaw(spec, b, a))).toBe(whole)
  expect(profileToJson(foldLaw(spec, [...log].reverse(), options))).toBe(whole)
}

const masks = fc.array(fc.boolean(), { maxLength: 25 })

describe.each(registered)('%s', (aggregate) => {
  const specs = specOf(aggregate)
  const law = <T>(name: string, arbitrary: fc.Arbitrary<T>, holds: (spec: Spec, given: T) => void) =>
    test(name, () => fc.assert(fc.property(specs, arbitrary, holds), RUNS))
  const bytes = profileToJson
  const three = fc.tuple(logs, logs, logs)
  const replicas = (spec: Spec, [a, b, c]: readonly (readonly LogEvent[])[]) =>
    [
      fold(spec, a ?? [], { replica: 'a' }),
      fold(spec, b ?? [], { replica: 'B' }),
      fold(spec, c ?? []),
    ] as const

  law(
    'folds apart and merges to the same bytes as folding together',
    fc.tuple(logs, masks),
    (spec, [log, mask]) => splitLaw(spec, log, mask, fold, merge),
  )

  law('merges associatively', three, (spec, given) => {
    const [a, b, c] = replicas(spec, given)
    expect(bytes(merge(spec, merge(spec, a, b), c))).toBe(bytes(merge(spec, a, merge(spec, b, c))))
  })

  law('merges commutatively', three, (spec, given) => {
    const [a, b] = replicas(spec, given)
    expect(bytes(merge(spec, a, b))).toBe(bytes(merge(spec, b, a)))
  })

  law('is not changed by an empty profile', logs, (spec, log) => {
    const profile = fold(spec, log)
    expect(bytes(merge(spec, profile, emptyProfile(spec)))).toBe(bytes(profile))
    expect(bytes(merge(spec, emptyProfile(spec), profile))).toBe(bytes(profile))
  })

  law('survives its JSON, with the same features', logs, (spec, log) => {
    const profile = fold(spec, log)
    const reread = profileFromJson(spec, bytes(profile))
    expect(bytes(reread)).toBe(bytes(profile))
    expect(features(spec, reread, LATER_MS)).toEqual(features(spec, profile, LATER_MS))
  })

  law('leaves the profiles that it merges as they were', three, (spec, given) => {
    const [a, b] = replicas(spec, given)
    const before = [bytes(a), bytes(b)]
    merge(spec, a, b)
    expect([bytes(a), bytes(b)]).toEqual(before)
  })

  law('reads a window alike before and after it is pruned by a merge', three, (spec, given) => {
    const [a, b] = replicas(spec, given)
    const whole = merge(spec, a, b)
    fc.pre(whole.lastMs !== null && whole.lastMs === a.lastMs)
    expect(features(spec, merge(spec, whole, fold(spec, [])), LATER_MS)).toEqual(
      features(spec, whole, LATER_MS),
    )
  })
})

describe('the split law reports', () => {
  const broken = (aggregate: (typeof registered)[number], faultyFold: Fold, faultyMerge: Merge) => () =>
    fc.assert(
      fc.property(specOf(aggregate), logs, masks, (spec, log, mask) =>
        splitLaw(spec, log, mask, faultyFold, faultyMerge),
      ),
      { ...RUNS, numRuns: 500, seed: 1 },
    )

  test('a merge that keeps the left of two', () => {
    const left: Merge = (_spec, a, b) => (a.lastMs === null ? b : a)
    expect(broken('count', fold, left)).toThrow('Property failed')
  })

  test('a merge that loses the tie-break of events at one time', () => {
    const withoutSeq: Fold = (spec, events, options) =>
      fold(
        spec,
        [...events].map((event) => ({ ...(event as LogEvent), seq: undefined })),
        options,
      )
    expect(broken('last', withoutSeq, merge)).toThrow('Property failed')
  })

  test('a bucket boundary off by one', () => {
    const late: Fold = (spec, events, options) => {
      const log = [...events] as LogEvent[]
      const last = Math.max(...log.map(({ time }) => time))
      return fold(
        spec,
        log.map((event) => (event.time === last ? event : { ...event, time: event.time + 1 })),
        options,
      )
    }
    expect(broken('count', late, merge)).toThrow('Property failed')
  })

  test('an event folded twice', () => {
    const twice: Merge = (spec, a, b) => merge(spec, merge(spec, a, b), b)
    expect(broken('total', fold, twice)).toThrow('Property failed')
  })
})
