/** Replay a bundle's golden cases: events to profile to features to score. */

import { canonicalJson, isObject } from '../reducer/canonical.js'
import { ReducerError } from '../reducer/errors.js'
import { features } from '../reducer/features.js'
import { fold } from '../reducer/fold.js'
import { profileToJson } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'
import { InvalidBundle } from './errors.js'
import type { Label } from './manifest.js'
import { readJson } from './manifest.js'
import type { Row } from './rows.js'

export const VECTORS_FILE = 'vectors.json'

/** What a replay measured. */
export interface Verification {
  readonly cases: number
  /** The largest absolute difference of a probability to the golden one. */
  readonly largestDifference: number
}

/** The part of a bundle that a replay needs. */
export interface Replayed {
  readonly manifest: { readonly tolerance: number }
  readonly spec: Spec
  score(row: Row): Promise<{ readonly label: Label; readonly probabilities: readonly number[] }>
}

interface GoldenCase {
  readonly name: string
  readonly replica: string
  readonly events: readonly unknown[]
  readonly now_ms: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly profile: unknown
  readonly features: Row
  readonly label: Label
  readonly probabilities: readonly number[]
}

/** Replay every golden case; profiles and features must be equal, probabilities within the manifest's tolerance.
 *
 *  @throws InvalidBundle names the first case that differs, and where. */
export async function verify(bundle: Replayed, vectors: Uint8Array): Promise<Verification> {
  const cases = parseVectors(bundle.spec, vectors)
  let largestDifference = 0
  for (const golden of cases) largestDifference = Math.max(largestDifference, await replay(bundle, golden))
  return { cases: cases.length, largestDifference }
}

function parseVectors(spec: Spec, bytes: Uint8Array): readonly GoldenCase[] {
  const vectors = readJson(VECTORS_FILE, bytes)
  if (!isObject(vectors) || vectors.spec !== spec.id || !Array.isArray(vectors.cases)) {
    throw new InvalidBundle(VECTORS_FILE, vectors, `golden cases of the spec ${spec.id}`)
  }
  return vectors.cases.map((golden: unknown, index) => {
    const fits =
      isObject(golden) &&
      typeof golden.name === 'string' &&
      typeof golden.replica === 'string' &&
      typeof golden.now_ms === 'number' &&
      Array.isArray(golden.events) &&
      isObject(golden.attributes) &&
      isObject(golden.profile) &&
      isObject(golden.features) &&
      Array.isArray(golden.probabilities)
    if (!fits) throw new InvalidBundle(`${VECTORS_FILE} case ${index}`, golden, 'a golden case')
    return golden as unknown as GoldenCase
  })
}

async function replay(bundle: Replayed, golden: GoldenCase): Promise<number> {
  const place = `${VECTORS_FILE} case ${JSON.stringify(golden.name)}`
  const { profile, expectedProfile, row } = readOut(bundle.spec, golden, place)
  if (profile !== expectedProfile) throw new InvalidBundle(`${place} profile`, profile, expectedProfile)
  for (const [name, value] of Object.entries(row)) {
    const shown = Number.isNaN(value) ? null : value
    // canonical JSON has no -0, so the golden 0 stands for it
    if (shown !== golden.features[name]) {
      throw new InvalidBundle(`${place} feature ${name}`, shown, JSON.stringify(golden.features[name]))
    }
  }
  const { label, probabilities } = await bundle.score(row)
  if (label !== golden.label) throw new InvalidBundle(`${place} label`, label, JSON.stringify(golden.label))
  const differences = probabilities.map((probability, index) =>
    Math.abs(probability - (golden.probabilities[index] ?? Number.NaN)),
  )
  const largest = Math.max(...differences)
  if (probabilities.length !== golden.probabilities.length || !(largest <= bundle.manifest.tolerance)) {
    throw new InvalidBundle(`${place} probabilities`, probabilities, JSON.stringify(golden.probabilities))
  }
  return largest
}

function readOut(
  spec: Spec,
  golden: GoldenCase,
  place: string,
): { profile: string; expectedProfile: string; row: Row } {
  try {
    const profile = fold(spec, golden.events, { replica: golden.replica })
    const row = features(spec, profile, golden.now_ms, { attributes: golden.attributes })
    return { profile: profileToJson(profile), expectedProfile: canonicalJson(golden.profile), row }
  } catch (error) {
    // JSON may be nested deeper than the stack
    if (!(error instanceof ReducerError || error instanceof RangeError)) throw error
    throw new InvalidBundle(place, error.message, 'events and a time that the spec reads', { cause: error })
  }
}
