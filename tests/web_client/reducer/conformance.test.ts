import { describe, expect, test } from 'vitest'
import { ReadOutTooEarly } from '../../../web_client/src/reducer/errors.js'
import { type Case, CORE, corpusFiles, type FoldCase, run } from '../corpus.js'

const files = corpusFiles()

test('the corpus has cases of every kind', () => {
  const kinds = new Set(files.flatMap(({ cases }) => cases.map(({ kind }) => kind)))
  expect([...kinds].sort()).toEqual(['carry', 'fold', 'merge', 'profile', 'spec'])
})

describe.each(files)('$file', ({ cases, ...file }) => {
  test.each(cases)('$name', (corpusCase) => run(corpusCase, file))
})

/** Returns the names of the cases that a planted fault turns red. */
function failures(
  subject: Partial<typeof CORE>,
  cases: (corpusCase: Case) => boolean = () => true,
): string[] {
  return files.flatMap((file) =>
    file.cases.filter(cases).flatMap((corpusCase) => {
      try {
        run(corpusCase, file, { ...CORE, ...subject })
        return []
      } catch {
        return [`${file.file}: ${corpusCase.name}`]
      }
    }),
  )
}

describe('the corpus reports', () => {
  test('a fold that loses the order of ties', () => {
    const faulty: typeof CORE.fold = (spec, events, options) =>
      CORE.fold(spec, [...events].map(withSeqOne), options)
    expect(failures({ fold: faulty })).toContain('extreme.json: at one time the larger seq is last')
  })

  test('a read-out one millisecond late', () => {
    const faulty: typeof CORE.features = (spec, profile, nowMs, options) =>
      CORE.features(spec, profile, nowMs + 1, options)
    expect(failures({ features: faulty }).length).toBeGreaterThan(0)
  })

  test('a read-out that allows its own time', () => {
    const faulty: typeof CORE.features = (spec, profile, nowMs, options) =>
      CORE.features(spec, profile, nowMs === profile.lastMs ? nowMs + 1 : nowMs, options)
    const tooEarly = (corpusCase: Case) => corpusCase.error === ReadOutTooEarly.name
    expect(failures({ features: faulty }, tooEarly).length).toBeGreaterThan(0)
  })

  test('a merge that forgets its second profile', () => {
    expect(failures({ merge: (_spec, a) => a }).length).toBeGreaterThan(0)
  })

  test('a gap that nobody is told of', () => {
    const faulty: typeof CORE.carry = (spec, kept) => ({ ...CORE.carry(spec, kept), sinceMs: new Map() })
    expect(failures({ carry: faulty })).toContain('carry.json: a spec and its rollback, told by deltas')
  })

  test('a store that drops what its spec does not name', () => {
    const faulty: typeof CORE.add = (kept, delta, sinceMs) => {
      const { lastMs, entries } = CORE.add(kept, delta, sinceMs)
      return { lastMs, entries: new Map([...entries].filter(([hash]) => delta.spec.aggregates.has(hash))) }
    }
    expect(failures({ add: faulty })).toContain('carry.json: a spec and its rollback, told by deltas')
  })

  test('a -0 where 0 is expected', () => {
    const faulty: typeof CORE.features = (...given) =>
      Object.fromEntries(
        Object.entries(CORE.features(...given)).map(([name, value]) => [name, value === 0 ? -0 : value]),
      )
    expect(failures({ features: faulty }).length).toBeGreaterThan(0)
  })

  test('a case that expects an error and gets a result', () => {
    const { cases, ...file } = files.find(({ cases }) =>
      cases.some(({ error, kind }) => kind === 'fold' && !error),
    ) as (typeof files)[0]
    const passing = cases.find(({ error, kind }) => kind === 'fold' && !error) as FoldCase
    expect(() => run({ ...passing, error: 'InvalidEvent' }, file)).toThrow(
      'nothing was thrown, expected InvalidEvent',
    )
  })
})

function withSeqOne(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'seq' in event ? { ...event, seq: 1 } : event
}
