/** A kept profile: what a store holds of folded events, whichever specs they were folded by; and its JSON. */

import { canonicalJson, isObject, isSafeInteger, isWellFormed, type Json, parseJson } from './canonical.js'
import { InvalidProfile } from './errors.js'
import type { Spec } from './spec.js'

const MAX_DEPTH = 8

/** An aggregate that is counted. */
export interface Entry {
  /** Its state as JSON, null before its first event. */
  readonly state: Json
  /** Every event from this time (ms) on is counted, null where all are. */
  readonly sinceMs: number | null
  /** The time of the last event when a spec last named it, null where the spec that wrote last does. */
  readonly namedMs: number | null
}

/** What a store holds of its events. An aggregate without an entry was never counted here. Immutable. */
export interface Kept {
  /** The time of the last event, null before the first; milliseconds since the Unix epoch. */
  readonly lastMs: number | null
  /** By aggregate hash. */
  readonly entries: ReadonlyMap<string, Entry>
}

/** Return the canonical JSON (RFC 8785). */
export function keptToJson(kept: Kept): string {
  const states = new Map([...kept.entries].map(([hash, entry]) => [hash, entryToJson(entry)]))
  return canonicalJson({ last_ms: kept.lastMs, states })
}

/** Return an entry as JSON. */
export function entryToJson({ state, sinceMs, namedMs }: Entry): Json {
  const members: readonly (readonly [string, Json])[] = [
    ['state', state],
    ['since_ms', sinceMs],
    ['named_ms', namedMs],
  ]
  return new Map(members.filter(([, member]) => member !== null))
}

/** Build what is kept from its JSON, or from a profile's, as text or parsed.
 *
 *  A profile leaves out states of zero: where its spec is among `specs`, they have entries too.
 *
 *  @throws InvalidProfile it is neither. What a state holds is read by `carry` only. */
export function keptFromJson(json: string | object, specs: readonly Spec[] = []): Kept {
  const given = parsed(json)
  const value = membersOf(given) === 'last_ms,spec,state' ? ofProfile(given as LegacyMembers, specs) : given
  if (!isObject(value) || membersOf(value) !== 'last_ms,states') {
    throw new InvalidProfile('the whole', value, 'an object with the members last_ms, states')
  }
  const { last_ms: last, states } = value
  if (!isObject(states)) throw new InvalidProfile('states', states, 'an object')
  const lastMs = last === null ? null : timeOf('last_ms', last)
  const entries = new Map(Object.entries(states).map(([hash, entry]) => [hash, entryOf(hash, entry)]))
  if (lastMs === null && [...entries.values()].some((entry) => entry.state !== null)) {
    throw new InvalidProfile('last_ms', null, 'the time of its last event, since there is a state')
  }
  return { lastMs, entries }
}

interface LegacyMembers {
  readonly last_ms: unknown
  readonly spec: unknown
  readonly state: unknown
}

function ofProfile({ last_ms, spec: id, state }: LegacyMembers, specs: readonly Spec[]): object {
  if (!isObject(state)) throw new InvalidProfile('state', state, 'an object')
  const zeros = specs.filter((spec) => spec.id === id).flatMap((spec) => [...spec.aggregates.keys()])
  return {
    last_ms,
    states: Object.fromEntries([
      ...zeros.map((hash) => [hash, {}]),
      ...Object.entries(state).map(([hash, held]) => [hash, { state: held }]),
    ]),
  }
}

/** What is given as an object goes through its text, so that nobody can change it afterwards. */
function parsed(json: string | object): unknown {
  try {
    return parseJson(typeof json === 'string' ? json : JSON.stringify(json))
  } catch (error) {
    throw new InvalidProfile('the whole', json, `JSON (${(error as Error).message})`)
  }
}

function membersOf(value: unknown): string {
  return isObject(value) ? Object.keys(value).sort().join() : ''
}

function entryOf(hash: string, value: unknown): Entry {
  if (!/^[0-9a-f]{16}$/.test(hash)) {
    throw new InvalidProfile('states', hash, 'the hash of an aggregate: 16 hex digits')
  }
  const known = ['state', 'since_ms', 'named_ms']
  if (!isObject(value) || Object.keys(value).some((name) => !known.includes(name))) {
    throw new InvalidProfile(
      `state ${hash}`,
      value,
      'an object with state, since_ms and named_ms, or some of them',
    )
  }
  if ('state' in value) checkPlain(hash, value.state, MAX_DEPTH)
  const time = (name: string) => (name in value ? timeOf(`${name} of ${hash}`, value[name]) : null)
  return {
    state: 'state' in value ? (value.state as Json) : null,
    sinceMs: time('since_ms'),
    namedMs: time('named_ms'),
  }
}

function timeOf(where: string, value: unknown): number {
  if (isSafeInteger(value) && value >= 0) return value + 0
  throw new InvalidProfile(where, value, 'an integer of 0 .. 2^53 - 1')
}

/** A state is made of what every language writes alike. */
function checkPlain(hash: string, value: unknown, depth: number): void {
  if (typeof value === 'boolean' || isSafeInteger(value)) return
  if (typeof value === 'string' && isWellFormed(value)) return
  if (depth > 0 && typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (isWellFormed(name)) checkPlain(hash, member, depth - 1)
      else throw new InvalidProfile(`state ${hash}`, name, 'a name without lone surrogates')
    }
    return
  }
  throw new InvalidProfile(
    `state ${hash}`,
    value,
    `integers, strings, booleans, and lists and objects of them ${MAX_DEPTH} deep`,
  )
}
