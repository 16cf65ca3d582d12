/** The conformance corpus, read and run for the TypeScript tests. */

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { canonicalJson } from '../../web_client/src/reducer/canonical.js'
import { add, carry, keep, mergeKept, sinceOf } from '../../web_client/src/reducer/carry.js'
import { features } from '../../web_client/src/reducer/features.js'
import { fold, merge } from '../../web_client/src/reducer/fold.js'
import { keptFromJson, keptToJson } from '../../web_client/src/reducer/kept.js'
import { aggregatesOf } from '../../web_client/src/reducer/node.js'
import {
  emptyProfile,
  type Profile,
  profileFromJson,
  profileToJson,
} from '../../web_client/src/reducer/profile.js'
import { parseSpec, type Spec } from '../../web_client/src/reducer/spec.js'

interface Outcome {
  readonly name: string
  /** The name of the error that is expected, in place of a result. */
  readonly error?: string
}

export interface FoldCase extends Outcome {
  readonly kind: 'fold'
  readonly events: readonly unknown[]
  readonly replica?: string
  readonly now_ms?: number
  readonly attributes?: Record<string, unknown>
  readonly profile?: object
  readonly features?: Record<string, number | string | null>
}

interface MergeCase extends Outcome {
  readonly kind: 'merge'
  readonly profiles: readonly object[]
  readonly profile?: object
}

interface ProfileCase extends Outcome {
  readonly kind: 'profile'
  readonly text: string
}

interface SpecCase extends Outcome {
  readonly kind: 'spec'
  readonly json: object
  readonly id?: string
  readonly hashes?: Record<string, readonly string[]>
  readonly columns?: readonly string[]
}

interface Step {
  readonly keep?: string
  readonly add?: string
  readonly carry?: string
  readonly events: readonly unknown[]
  readonly replica?: string
  readonly since_ms?: Record<string, number>
  readonly merge?: object
  readonly specs?: readonly string[]
}

export interface CarryCase extends Outcome {
  readonly kind: 'carry'
  readonly kept?: object | string
  readonly kept_specs?: readonly string[]
  readonly steps?: readonly Step[]
  readonly now_ms?: number
  readonly result?: object
  readonly carried?: Record<
    string,
    { readonly profile: object; readonly since_ms: object; readonly told?: object }
  >
}

export type Case = FoldCase | MergeCase | ProfileCase | SpecCase | CarryCase

export interface CorpusFile {
  readonly file: string
  /** Shared by the cases; only those of the kinds `spec` and `carry` may do without. */
  readonly spec?: object
  /** By name, for the cases of the kind `carry`. */
  readonly specs?: Readonly<Record<string, object>>
  readonly cases: readonly Case[]
}

/** The functions under test, so that a planted fault can stand in for one. */
export interface Subject {
  readonly fold: typeof fold
  readonly merge: typeof merge
  readonly features: typeof features
  readonly add: typeof add
  readonly keep: typeof keep
  readonly carry: typeof carry
}

export const CORE: Subject = { fold, merge, features, add, keep, carry }

const FLOATS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  '-0': -0,
}

/** Read every file of the corpus. */
export function corpusFiles(): readonly CorpusFile[] {
  const directory = fileURLToPath(new URL('../conformance/', import.meta.url))
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json') && file !== 'schema.json')
    .sort()
    .map((file) => ({ ...JSON.parse(readFileSync(directory + file, 'utf8'), withFloat), file }))
}

/** Run a case.
 *
 *  @throws Error says what differs from what the case expects. */
export function run(
  corpusCase: Case,
  file: Pick<CorpusFile, 'spec' | 'specs'>,
  subject: Subject = CORE,
): void {
  if (corpusCase.error === undefined) {
    check(corpusCase, file, subject)
    return
  }
  let thrown: unknown
  try {
    check(corpusCase, file, subject)
  } catch (error) {
    thrown = error
  }
  const name = thrown instanceof Error ? thrown.name : 'nothing'
  if (name !== corpusCase.error)
    throw new Error(`${name} was thrown, expected ${corpusCase.error}`, { cause: thrown })
}

function check(
  corpusCase: Case,
  { spec: json, specs = {} }: Pick<CorpusFile, 'spec' | 'specs'>,
  subject: Subject,
): void {
  switch (corpusCase.kind) {
    case 'spec':
      checkSpec(corpusCase)
      break
    case 'fold':
      checkFold(corpusCase, parseSpec(json as object), subject)
      break
    case 'merge':
      checkMerge(corpusCase, parseSpec(json as object), subject)
      break
    case 'profile':
      same(profileToJson(profileFromJson(parseSpec(json as object), corpusCase.text)), corpusCase.text)
      break
    case 'carry':
      checkCarry(
        corpusCase,
        new Map(Object.entries(specs).map(([name, spec]) => [name, parseSpec(spec)])),
        subject,
      )
      break
    default:
      throw new Error(`no runner for the kind ${JSON.stringify((corpusCase as { kind: unknown }).kind)}`)
  }
}

function checkMerge({ profiles, profile }: MergeCase, spec: Spec, subject: Subject): void {
  for (const order of permutations(profiles)) {
    const parsed = order.map((json) => profileFromJson(spec, json))
    const merged = parsed.reduce<Profile>((a, b) => subject.merge(spec, a, b), emptyProfile(spec))
    same(profileToJson(merged), canonicalJson(profile))
  }
}

function checkFold(corpusCase: FoldCase, spec: Spec, subject: Subject): void {
  const { events, replica = '', now_ms: nowMs, attributes = {} } = corpusCase
  const profile = subject.fold(spec, events, { replica })
  const row = nowMs === undefined ? {} : subject.features(spec, profile, nowMs, { attributes })
  if (corpusCase.error !== undefined) return
  same(profileToJson(profile), canonicalJson(corpusCase.profile))
  if (nowMs === undefined) return
  const columns = spec.columns.map((column) => column.name)
  same(JSON.stringify(Object.keys(row)), JSON.stringify(columns))
  same(JSON.stringify(Object.keys(corpusCase.features ?? {}).sort()), JSON.stringify([...columns].sort()))
  for (const [name, expected] of Object.entries(corpusCase.features ?? {})) {
    if (!sameBits(row[name] as number | string | null, expected)) {
      throw new Error(`${name} is ${row[name]}, expected ${expected}`)
    }
  }
}

function checkCarry(corpusCase: CarryCase, specs: ReadonlyMap<string, Spec>, subject: Subject): void {
  const named = (names: readonly string[]) => names.map((name) => specs.get(name) as Spec)
  const { kept: given = { last_ms: null, states: {} }, steps = [], now_ms: nowMs, carried = {} } = corpusCase
  let kept = keptFromJson(given, named(corpusCase.kept_specs ?? []))
  for (const step of steps) {
    const { merge: other, events, replica = '' } = step
    if (other !== undefined) {
      kept = mergeKept(named(step.specs ?? []), kept, keptFromJson(other))
      continue
    }
    const spec = specs.get((step.keep ?? step.add ?? step.carry) as string) as Spec
    const profile = subject.fold(spec, events, { replica })
    const sinceMs = new Map(Object.entries(step.since_ms ?? {}))
    if (step.keep !== undefined) kept = subject.keep(profile, sinceMs, kept)
    else if (step.add !== undefined) kept = subject.add(kept, profile, sinceMs)
    else {
      const before = subject.carry(spec, kept)
      kept = subject.keep(subject.merge(spec, before.profile, profile), before.sinceMs, kept)
    }
  }
  same(keptToJson(kept), canonicalJson(corpusCase.result))
  same(keptToJson(keptFromJson(keptToJson(kept))), keptToJson(kept))
  for (const [name, expected] of Object.entries(carried)) {
    const spec = specs.get(name) as Spec
    const { profile, sinceMs } = subject.carry(spec, kept)
    same(profileToJson(profile), canonicalJson(expected.profile))
    same(profileToJson(profileFromJson(spec, expected.profile)), canonicalJson(expected.profile))
    same(canonicalJson(sinceMs), canonicalJson(expected.since_ms))
    if (nowMs !== undefined) same(canonicalJson(sinceOf(spec, sinceMs, nowMs)), canonicalJson(expected.told))
  }
}

function checkSpec({ json, id, columns, hashes }: SpecCase): void {
  const spec = parseSpec(json)
  const hashesOf = spec.features.map(({ name, node }) => [name, aggregatesOf(node).map(({ hash }) => hash)])
  same(spec.id, String(id))
  same(JSON.stringify(spec.columns.map((column) => column.name)), JSON.stringify(columns))
  same(canonicalJson(Object.fromEntries(hashesOf)), canonicalJson(hashes))
  same(parseSpec(spec.json).json, spec.json)
}

/** Whether two read-outs are the same binary64: null stands for NaN or a missing string. */
export function sameBits(actual: number | string | null, expected: number | string | null): boolean {
  return Object.is(Number.isNaN(actual) ? null : actual, Number.isNaN(expected) ? null : expected)
}

function same(actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`got      ${actual}\nexpected ${expected}`)
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  )
}

function withFloat(_name: string, value: unknown): unknown {
  const float =
    typeof value === 'object' && value !== null ? (value as { $float?: string }).$float : undefined
  return float === undefined ? value : FLOATS[float]
}
