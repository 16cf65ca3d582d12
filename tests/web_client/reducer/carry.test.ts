import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { add, type Carried, carry, keep } from '../../../web_client/src/reducer/carry.js'
import { features } from '../../../web_client/src/reducer/features.js'
import { fold, merge } from '../../../web_client/src/reducer/fold.js'
import { type Kept, keptFromJson, keptToJson } from '../../../web_client/src/reducer/kept.js'
import {
  emptyProfile,
  type Profile,
  profileFromJson,
  profileToJson,
} from '../../../web_client/src/reducer/profile.js'
import { parseSpec, type Spec } from '../../../web_client/src/reducer/spec.js'
import { type LogEvent, logs, registered, specOf } from '../arbitraries.js'

const RUNS = {
  numRuns: Number(process.env.EDGEFOLD_COUNT ?? 60),
  seed: Number(process.env.EDGEFOLD_SEED ?? 1),
}
const NONE: Kept = { lastMs: null, entries: new Map() }
const specs = fc.constantFrom(...registered).chain(specOf)

/** The same aggregates, with a genre and the longer notes gone from the vocabulary. */
function narrowed(spec: Spec): Spec {
  const json = JSON.parse(spec.json)
  json.events.sale.genre.values = ['rock', 'folk']
  json.events.sale.note.max = 1
  return parseSpec(json)
}

function accepted(log: readonly LogEvent[]): readonly LogEvent[] {
  return log.filter(({ data: { genre, note } }) => genre !== 'jazz' && [...String(note ?? '')].length <= 1)
}

function folded(spec: Spec, parts: readonly (readonly LogEvent[])[]): Profile {
  return parts
    .map((log, index) => fold(spec, log, { replica: `r${index}` }))
    .reduce((a, b) => merge(spec, a, b), emptyProfile(spec))
}

function texts({ profile, sinceMs }: Carried): readonly unknown[] {
  return [profileToJson(profile), [...sinceMs]]
}

describe('carrying', () => {
  const law = <T>(name: string, arbitrary: fc.Arbitrary<T>, holds: (given: T) => void) =>
    test(name, () => fc.assert(fc.property(arbitrary, holds), RUNS))

  law('what is kept of folds gives their fold', fc.tuple(specs, logs, logs), ([spec, x, y]) => {
    const kept = add(keep(fold(spec, x, { replica: 'r0' })), fold(spec, y, { replica: 'r1' }))
    const whole = folded(spec, [x, y])
    expect(keptToJson(kept)).toBe(keptToJson(keep(whole)))
    expect(texts(carry(spec, keptFromJson(keptToJson(kept))))).toEqual([profileToJson(whole), []])
  })

  law(
    'a vocabulary that shrinks and grows again loses nothing',
    fc.tuple(specs, logs, logs, logs),
    ([wide, x, y, z]) => {
      const narrow = narrowed(wide)
      const parts = [x, accepted(y), z]
      const by = [wide, narrow, wide] as const
      let [added, over] = [NONE, NONE]
      parts.forEach((log, index) => {
        const spec = by[index] as Spec
        const delta = fold(spec, log, { replica: `r${index}` })
        added = add(added, delta)
        const { profile, sinceMs } = carry(spec, over)
        over = keep(merge(spec, profile, delta), sinceMs, over)
      })
      const whole = [profileToJson(folded(wide, parts)), []]
      expect(texts(carry(wide, added))).toEqual(whole)
      expect(texts(carry(wide, over))).toEqual(whole)
    },
  )

  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.constantFrom('rock', '20454', '9'.repeat(30), '__proto__'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('rock', '20454', '01', '__other__', 'toString'), tie('value'), {
        maxKeys: 3,
      }),
    ),
  })).value

  law(
    'nothing that is kept makes it fail',
    fc.tuple(specs, logs, json, fc.nat()),
    ([spec, log, value, sinceMs]) => {
      const kept = keep(fold(spec, log))
      const entries = [...kept.entries.keys()].map(
        (hash) => [hash, { state: value, sinceMs, namedMs: null }] as const,
      )
      const spoiled = { lastMs: kept.lastMs ?? 0, entries: new Map(entries) } as Kept
      const { profile } = carry(spec, keptFromJson(keptToJson(spoiled)))
      expect(profileToJson(profileFromJson(spec, profileToJson(profile)))).toBe(profileToJson(profile))
      features(spec, profile, (spoiled.lastMs as number) + 1)
      expect(keptFromJson(keptToJson(add(spoiled, fold(spec, log)))).entries.size).toBe(entries.length)
    },
  )
})

test('what is kept does not change with the object that it was read from', () => {
  const state = { rock: 1 }
  const kept = keptFromJson({ last_ms: 1, states: { '00000000000000ff': { state } } })
  state.rock = 2
  expect(keptToJson(kept)).toBe('{"last_ms":1,"states":{"00000000000000ff":{"state":{"rock":1}}}}')
})
