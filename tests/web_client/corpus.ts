/** The conformance corpus, read and run for the TypeScript tests. */

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { canonicalJson } from '../../web_client/src/reducer/canonical.js'
import { features } from '../../web_client/src/reducer/features.js'
import { fold, merge } from '../../web_client/src/reducer/fold.js'
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

export type Case = FoldCase | MergeCase | ProfileCase | SpecCase

export interface CorpusFile {
  readonly file: string
  /** Shared by the cases; only those of kind `spec` may do without. */
  readonly spec?: object
  readonly cases: readonly Case[]
}

/** The functions under test, so that a planted fault can stand in for one. */
export interface Subject {
  readonly fold: typeof fold
  readonly merge: typeof merge
  readonly features: typeof features
}

export const CORE: Subject = { fold, merge, features }

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
export function run(corpusCase: Case, spec: object | undefined, subject: Subject = CORE): void {
  if (corpusCase.error === undefined) {
    check(corpusCase, spec, subject)
    return
  }
  let thrown: unknown
  try {
    check(corpusCase, spec, subject)
  } catch (error) {
    thrown = error
  }
  const name = thrown instanceof Error ? thrown.name : 'nothing'
  if (name !== corpusCase.error)
    throw new Error(`${name} was thrown, expected ${corpusCase.error}`, { cause: thrown })
}

function check(corpusCase: Case, json: object | undefined, subject: Subject): void {
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
