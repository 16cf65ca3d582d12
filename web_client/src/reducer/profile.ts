/** A profile: what events folded into, and its JSON. */

import { type State, WrongState } from './aggregates/base.js'
import { aggregatesOfSpec } from './aggregates/registry.js'
import { canonicalJson, isObject, isSafeInteger, parseJson } from './canonical.js'
import { InvalidProfile, SpecMismatch } from './errors.js'
import type { Spec } from './spec.js'

/** A mergeable value. Immutable; equal profiles have equal canonical JSON. */
export interface Profile {
  /** The spec that it was folded by. */
  readonly spec: Spec
  /** The largest time of any event folded, null before the first; milliseconds since the Unix epoch. */
  readonly lastMs: number | null
  /** By aggregate hash; a state equal to its zero is left out. */
  readonly states: ReadonlyMap<string, State>
}

/** Return the profile of no events, the unit of `merge`. */
export function emptyProfile(spec: Spec): Profile {
  return Object.freeze({ spec, lastMs: null, states: new Map() })
}

/** Build a profile of states, pruned: only what a read-out after `lastMs` can need is kept. */
export function prunedProfile(
  spec: Spec,
  lastMs: number | null,
  states: Iterable<readonly [string, State]>,
): Profile {
  if (lastMs === null) return emptyProfile(spec)
  const aggregates = aggregatesOfSpec(spec)
  const kept = new Map<string, State>()
  for (const [hash, state] of states) {
    const aggregate = aggregates.get(hash)
    const pruned = aggregate?.prune === undefined ? state : aggregate.prune(state, lastMs)
    if (pruned !== undefined) kept.set(hash, pruned)
  }
  return Object.freeze({ spec, lastMs, states: kept })
}

/** Throw SpecMismatch unless a profile was folded by this spec, or an equal one. */
export function checkSpec(spec: Spec, profile: Profile): void {
  if (profile.spec.id !== spec.id) throw new SpecMismatch(profile.spec.id, spec.id)
}

/** Return the canonical JSON (RFC 8785), the bytes that are compared, stored and sent. */
export function profileToJson(profile: Profile): string {
  const aggregates = aggregatesOfSpec(profile.spec)
  const state = new Map([...profile.states].map(([hash, held]) => [hash, aggregates.get(hash)?.encode(held)]))
  return canonicalJson({ last_ms: profile.lastMs, spec: profile.spec.id, state })
}

/** Build a profile from its JSON, as text or parsed: exactly what `profileToJson` can write for the spec.
 *
 *  @throws SpecMismatch it was folded by another spec.
 *  @throws InvalidProfile no fold by this spec can have produced it. */
export function profileFromJson(spec: Spec, json: string | object): Profile {
  const value = typeof json === 'string' ? parsed(json) : json
  if (!isObject(value) || Object.keys(value).sort().join() !== 'last_ms,spec,state') {
    throw new InvalidProfile('the whole', value, 'an object with the members last_ms, spec, state')
  }
  const { spec: id, last_ms: lastMs, state } = value
  if (typeof id !== 'string') throw new InvalidProfile('spec', id, 'the id of a spec')
  if (id !== spec.id) throw new SpecMismatch(id, spec.id)
  if (!isObject(state)) throw new InvalidProfile('state', state, 'an object')
  if (lastMs === null) {
    if (Object.keys(state).length > 0) throw new InvalidProfile('state', state, 'none, since last_ms is null')
    return emptyProfile(spec)
  }
  if (!isSafeInteger(lastMs) || lastMs < 0) {
    throw new InvalidProfile('last_ms', lastMs, 'null or an integer of 0 .. 2^53 - 1')
  }
  const states = new Map(
    Object.entries(state).map(([hash, held]) => [hash, decoded(spec, hash, held, lastMs + 0)]),
  )
  return Object.freeze({ spec, lastMs: lastMs + 0, states })
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new InvalidProfile('the whole', text, `JSON (${(error as Error).message})`)
  }
}

function decoded(spec: Spec, hash: string, value: unknown, lastMs: number): State {
  const aggregate = aggregatesOfSpec(spec).get(hash)
  if (aggregate === undefined)
    throw new InvalidProfile(`state ${hash}`, value, "the hash of one of the spec's aggregates")
  try {
    return aggregate.decode(value, lastMs)
  } catch (error) {
    if (error instanceof WrongState) throw new InvalidProfile(`state ${hash}`, value, error.message)
    throw error
  }
}
