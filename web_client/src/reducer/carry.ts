/** Keeping a profile beside what other specs counted of the same events, and carrying what is kept to a spec. */

import {
  type Aggregate,
  type Edge,
  join,
  mergeStates,
  type Sifted,
  type State,
  sift,
} from './aggregates/base.js'
import { aggregatesOfSpec } from './aggregates/registry.js'
import { canonicalJson, compareStrings, type Json, plainJson } from './canonical.js'
import { type Entry, entryToJson, type Kept } from './kept.js'
import { type AggregateNode, aggregatesOf } from './node.js'
import { type Profile, prunedProfile } from './profile.js'
import type { Spec } from './spec.js'

/** How long an aggregate that no spec names any more is kept: a rollback within it loses nothing. */
export const RETENTION_MS = 180 * 86_400_000

/** By aggregate hash: the time (ms) from which on every event is counted; of those before, perhaps only some. */
export type Since = ReadonlyMap<string, number>

/** A profile by a spec, and since when those of its aggregates count that may lack earlier events. */
export interface Carried {
  readonly profile: Profile
  readonly sinceMs: Since
}

const ALL: Since = new Map()
const NOTHING: Kept = { lastMs: null, entries: new Map() }
const ZERO: Sifted = { inside: undefined, outside: undefined, sinceMs: null, lost: false }

/** Return what a store holds of a profile's events: an entry for each aggregate of its spec.
 *
 *  `over` is what was kept before, of the same events or fewer: other specs' aggregates stay, as do the parts of a state that the
 *  profile's vocabulary lacks. They lack the events that are new: none where the profile is what `over` carries to its spec, but
 *  for aggregates that are told in `sinceMs` to have been built anew of earlier events. */
export function keep(profile: Profile, sinceMs: Since = ALL, over: Kept = NOTHING): Kept {
  const { lastMs } = profile
  const entries = new Map<string, Entry>()
  let anythingNew = lastMs !== over.lastMs
  for (const [hash, aggregate] of aggregatesOfSpec(profile.spec)) {
    const [state, held] = [profile.states.get(hash), over.entries.get(hash)]
    const sifted = siftEntry(aggregate, held, lastMs)
    const given = sinceMs.get(hash) ?? null
    const rebuilt = held === undefined && given !== null && given <= (over.lastMs ?? 0)
    anythingNew ||= sifted.lost || !(rebuilt || isSame(aggregate, sifted.inside, state))
    const explained = given !== null && isExplained(aggregate, held, sifted, state, given, over)
    entries.set(hash, {
      state: joined(aggregate, state, sifted.outside),
      sinceMs: atMost(held !== undefined && explained ? held.sinceMs : given, lastMs),
      namedMs: null,
    })
  }
  return retained(lastMs, entries, unnamed(over, entries, anythingNew ? lastMs : null, lastMs))
}

/** Return what a store holds with the events of a delta, a profile of any spec; they are disjoint from those before. */
export function add(kept: Kept, delta: Profile, sinceMs: Since = ALL): Kept {
  const lastMs = later(kept.lastMs, delta.lastMs)
  const entries = new Map<string, Entry>()
  for (const [hash, aggregate] of aggregatesOfSpec(delta.spec)) {
    const held = kept.entries.get(hash)
    const sifted = siftEntry(aggregate, held, lastMs)
    const state = mergeStates(aggregate, sifted.inside, delta.states.get(hash))
    entries.set(hash, {
      state: joined(aggregate, pruned(aggregate, state, lastMs), sifted.outside),
      sinceMs: later(
        entrySince(kept, sifted.lost ? undefined : held),
        atMost(sinceMs.get(hash) ?? null, delta.lastMs),
      ),
      namedMs: null,
    })
  }
  return retained(lastMs, entries, unnamed(kept, entries, delta.lastMs, lastMs))
}

/** Return what is kept as a profile of a spec. Never throws: an aggregate that can't be read starts anew, and is told in `sinceMs`. */
export function carry(spec: Spec, kept: Kept): Carried {
  const { lastMs } = kept
  const states: [string, State][] = []
  const sinceMs = new Map<string, number>()
  for (const [hash, aggregate] of aggregatesOfSpec(spec)) {
    const held = kept.entries.get(hash)
    const { inside, sinceMs: whole, lost } = siftEntry(aggregate, held, lastMs)
    const since = atMost(later(entrySince(kept, lost ? undefined : held), whole), lastMs)
    if (since !== null && !(latest(spec.aggregates.get(hash) as AggregateNode, inside) >= since)) {
      sinceMs.set(hash, since)
    }
    if (inside !== undefined) states.push([hash, inside])
  }
  return { profile: prunedProfile(spec, lastMs, states), sinceMs }
}

/** Return what two stores hold, of disjoint events, as one. An aggregate that none of the specs names can't be merged: of two
 *  states, that of the store with the later event stays. */
export function mergeKept(specs: readonly Spec[], a: Kept, b: Kept): Kept {
  const lastMs = later(a.lastMs, b.lastMs)
  const entries = new Map<string, Entry>()
  for (const hash of new Set([...a.entries.keys(), ...b.entries.keys()])) {
    const spec = specs.find(({ aggregates }) => aggregates.has(hash))
    const aggregate = spec && aggregatesOfSpec(spec).get(hash)
    entries.set(hash, aggregate === undefined ? chosen(hash, a, b) : merged(aggregate, hash, a, b, lastMs))
  }
  return retained(lastMs, entries, new Map())
}

/** Return by feature since when (ms) it counts, for those that may lack earlier events in a read-out at `nowMs`.
 *
 *  A window that begins at or after its `sinceMs` lacks none. A ratio counts since the later of its two. */
export function sinceOf(spec: Spec, sinceMs: Since, nowMs: number): ReadonlyMap<string, number> {
  const told = new Map<string, number>()
  for (const { name, node } of spec.features) {
    for (const aggregate of aggregatesOf(node)) {
      const since = sinceMs.get(aggregate.hash) ?? 0
      if (since > startOf(aggregate, nowMs)) told.set(name, Math.max(since, told.get(name) ?? 0))
    }
  }
  return told
}

function startOf({ window }: AggregateNode, nowMs: number): number {
  if (window === null) return 0
  return Math.max(0, Math.floor((nowMs - window.windowMs) / window.hopMs) * window.hopMs)
}

function siftEntry(aggregate: Aggregate, held: Entry | undefined, lastMs: number | null): Sifted {
  return held === undefined || held.state === null || lastMs === null
    ? ZERO
    : sift(aggregate, held.state, lastMs)
}

function joined(aggregate: Aggregate, inside: State | undefined, outside: State | undefined): Json {
  return inside === undefined && outside === undefined ? null : plainJson(join(aggregate, inside, outside))
}

function pruned(aggregate: Aggregate, state: State | undefined, lastMs: number | null): State | undefined {
  if (aggregate.prune === undefined || state === undefined || lastMs === null) return state
  return aggregate.prune(state, lastMs)
}

/** Whether a profile counts only since then because its vocabulary lacks a part, which is kept beside it: then the entry lacks nothing. */
function isExplained(
  aggregate: Aggregate,
  held: Entry | undefined,
  sifted: Sifted,
  state: State | undefined,
  sinceMs: number,
  over: Kept,
): boolean {
  // What was outside when it was carried may have left its window since.
  if (sifted.lost || sinceMs > (after(over.lastMs) ?? 0)) return false
  if (siftEntry(aggregate, held, over.lastMs).sinceMs === null) return false
  // Only extremes and sets displace; merging into one of them what it has changes nothing.
  return isSame(aggregate, mergeStates(aggregate, sifted.inside, state), state)
}

function isSame(aggregate: Aggregate, a: State | undefined, b: State | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return canonicalJson(aggregate.encode(a)) === canonicalJson(aggregate.encode(b))
}

/** Return the entries that the spec that writes does not name: as they are, without the events up to `missedMs`. */
function unnamed(
  before: Kept,
  named: ReadonlyMap<string, Entry>,
  missedMs: number | null,
  lastMs: number | null,
): ReadonlyMap<string, Entry> {
  const others = [...before.entries].filter(([hash]) => !named.has(hash))
  return new Map(
    others.map(([hash, entry]) => [
      hash,
      {
        state: lastMs === null ? null : entry.state,
        sinceMs: later(atMost(entrySince(before, entry), lastMs), after(missedMs)),
        namedMs: atMost(entry.namedMs ?? before.lastMs, lastMs),
      },
    ]),
  )
}

function merged(aggregate: Aggregate, hash: string, a: Kept, b: Kept, lastMs: number | null): Entry {
  let inside: State | undefined
  let outside: State | undefined
  let sinceMs: number | null = null
  for (const kept of [a, b]) {
    const held = kept.entries.get(hash)
    const sifted = siftEntry(aggregate, held, lastMs)
    inside = mergeStates(aggregate, inside, sifted.inside)
    outside = mergeStates(aggregate, outside, sifted.outside)
    sinceMs = later(sinceMs, entrySince(kept, sifted.lost ? undefined : held))
  }
  return { state: joined(aggregate, inside, outside), sinceMs, namedMs: null }
}

function chosen(hash: string, a: Kept, b: Kept): Entry {
  const [left, right] = [a.entries.get(hash), b.entries.get(hash)]
  const order = left === undefined ? -1 : right === undefined ? 1 : compared(a, left, b, right)
  const [stays, entry, other] = order >= 0 ? [a, left as Entry, b] : [b, right as Entry, a]
  const [leftMs, rightMs] = [left && (left.namedMs ?? a.lastMs), right && (right.namedMs ?? b.lastMs)]
  return {
    state: entry.state,
    sinceMs: later(entrySince(stays, entry), after(other.lastMs)),
    namedMs: later(leftMs ?? null, rightMs ?? null),
  }
}

function compared(a: Kept, left: Entry, b: Kept, right: Entry): number {
  const times = (after(a.lastMs) ?? 0) - (after(b.lastMs) ?? 0)
  return times || compareStrings(canonicalJson(entryToJson(left)), canonicalJson(entryToJson(right)))
}

function retained(
  lastMs: number | null,
  named: ReadonlyMap<string, Entry>,
  others: ReadonlyMap<string, Entry>,
): Kept {
  const oldest = (lastMs ?? 0) - RETENTION_MS
  const entries = [...named, ...others].filter(([, { namedMs }]) => namedMs === null || namedMs >= oldest)
  return { lastMs, entries: new Map(entries) }
}

/** Return the time of the event that alone makes a `last` or `time_since_last`, NaN for any other: it is exact once that event is
 *  one of those that are all counted. */
function latest({ aggregate, window }: AggregateNode, state: State | undefined): number {
  if (state === undefined || (aggregate !== 'last' && aggregate !== 'time_since_last')) return Number.NaN
  const buckets = state as ReadonlyMap<number, State>
  const newest = window === null ? state : buckets.get(Math.max(...buckets.keys()))
  return aggregate === 'last' ? (newest as Edge)[0] : (newest as number)
}

function later(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}

/** Return the time from which on a store of events up to `lastMs` lacks none, whatever it counts. */
function after(lastMs: number | null): number | null {
  return lastMs === null ? null : Math.min(lastMs + 1, Number.MAX_SAFE_INTEGER)
}

/** Return since when an aggregate counts all of a store's events: where it has no entry, only after the last. */
function entrySince(kept: Kept, held: Entry | undefined): number | null {
  return held === undefined ? after(kept.lastMs) : atMost(held.sinceMs, kept.lastMs)
}

/** Return a time, held to what a store of events up to `lastMs` can tell: no moment after the next. */
function atMost(timeMs: number | null, lastMs: number | null): number | null {
  const limit = after(lastMs)
  return timeMs === null || limit === null ? timeMs : Math.min(timeMs, limit)
}
