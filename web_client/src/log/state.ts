/** The log's state and what may become of it: pure functions that a store runs inside a transaction. */

import { InvalidEvent, InvalidProfile } from '../reducer/errors.js'
import { validateEvent } from '../reducer/event.js'
import { fold, merge } from '../reducer/fold.js'
import { emptyProfile, type Profile, profileFromJson, profileToJson } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'
import type { Body, Found, Head, StoredEvent, Write } from './store/store.js'

/** The largest diff, and the window of acknowledged ids that two timelines are compared through (PROTOCOL.md). */
export const MAX_DIFF_EVENTS = 1_024
// A log that no server acknowledges keeps this many rows, and is folded down once it has a tenth more.
export const UNSENT_ROWS = 10_000
// No pending event may be dropped, nor folded: its row says which of the server's timelines is ours. So many are too many to be normal.
export const MANY_PENDING = 10_000
const QUARANTINE_MS = 86_400_000

/** All that a log holds: the rows are the events `head.compacted + 1 .. head.last`. */
export interface State {
  readonly head: Head
  readonly body: Body
  readonly events: readonly StoredEvent[]
}

/** Return the state of a log without events. */
export function freshState(spec: Spec, replica: string, from: Partial<Head> = {}): State {
  const nothing = profileToJson(emptyProfile(spec))
  return {
    head: {
      format: 1,
      spec: spec.id,
      replica,
      epoch: null,
      generation: 0,
      revision: 0,
      last: 0,
      time: 0,
      compacted: 0,
      acked: 0,
      whole: false,
      limit: MAX_DIFF_EVENTS,
      sendUpToMs: null,
      tracked: 0,
      rejected: 0,
      quarantined: 0,
      syncedMs: null,
      ...from,
    },
    body: { base: nothing, others: nothing, attributes: {}, sealed: null, quarantine: [] },
    events: [],
  }
}

/** Return the state after everything was forgotten: a new replica, whose clock still does not run backwards. */
export function forgotten(spec: Spec, { head }: State, replica: string, epoch: number | null): State {
  const { time, generation, revision } = head
  return freshState(spec, replica, { epoch, time, generation: generation + 1, revision: revision + 1 })
}

/** Return the state with which a client begins: by its own spec, and with what was long enough in quarantine. */
export function begun(spec: Spec, found: Found, replica: string, wallMs: number): State {
  if (found.head === null || found.body === null) {
    const fresh = freshState(spec, replica)
    // Rows without a head are what a storage lost by halves has left: they are counted anew.
    return found.events.length === 0
      ? fresh
      : renumbered(fresh, found.events, { tracked: found.events.length })
  }
  const state: State = { head: found.head, body: found.body, events: found.events }
  if (state.head.spec !== spec.id) return moved(spec, rejoined(state, Number.POSITIVE_INFINITY), wallMs)
  return rejoined(state, wallMs - QUARANTINE_MS)
}

/** Return the state by another spec: aggregates with the same hash keep what is folded, the rows are there for the others. */
function moved(spec: Spec, { head, body, events }: State, wallMs: number): State {
  const refused = events.filter((event) => event.seq > head.acked && !accepts(spec, event))
  const state: State = {
    head: {
      ...head,
      spec: spec.id,
      generation: head.generation + 1,
      revision: head.revision + 1,
      limit: MAX_DIFF_EVENTS,
      // Only the whole contribution tells the server what new aggregates make of events that it has.
      whole: head.acked > 0,
    },
    body: {
      ...body,
      base: profileToJson(carried(spec, body.base)),
      others: profileToJson(carried(spec, body.others)),
      sealed: null,
    },
    events,
  }
  return refused.length === 0 ? state : quarantined(state, refused, 'InvalidEvent', wallMs)
}

/** Return the profile that JSON by any spec holds for this one: the states whose hash it has too. */
export function carried(spec: Spec, text: string): Profile {
  const value = JSON.parse(text) as { last_ms: number | null; spec: string; state: Record<string, unknown> }
  if (value.spec === spec.id) return profileFromJson(spec, value)
  const states = Object.entries(value.state).filter(([hash]) => spec.aggregates.has(hash))
  // A vocabulary is no part of a hash: a state may name a value that is not in the new one.
  return states.reduce(
    (profile, [hash, state]) => {
      try {
        const one = profileFromJson(spec, { last_ms: value.last_ms, spec: spec.id, state: { [hash]: state } })
        return merge(spec, profile, one)
      } catch (error) {
        if (error instanceof InvalidProfile) return profile
        throw error
      }
    },
    profileFromJson(spec, { last_ms: value.last_ms, spec: spec.id, state: {} }),
  )
}

/** Return the state with events of the log taken out: the later ones are renumbered. */
export function without(state: State, taken: ReadonlySet<string>): State {
  const kept = state.events.filter((event) => !taken.has(event.id))
  return renumbered(state, kept, {})
}

/** Return the state with these rows after `compacted`, numbered without holes, and no diff under way. */
export function renumbered(state: State, rows: readonly StoredEvent[], head: Partial<Head>): State {
  const compacted = head.compacted ?? state.head.compacted
  const events = rows.map((event, index) => ({ ...event, seq: compacted + 1 + index }))
  return {
    head: {
      ...state.head,
      last: compacted + events.length,
      generation: state.head.generation + 1,
      revision: state.head.revision + 1,
      ...head,
    },
    body: { ...state.body, sealed: null },
    events,
  }
}

/** Return the state with events moved from the log into quarantine. */
export function quarantined(
  state: State,
  events: readonly StoredEvent[],
  problem: string,
  wallMs: number,
): State {
  const rest = without(state, new Set(events.map((event) => event.id)))
  const quarantine = [...rest.body.quarantine, { sinceMs: wallMs, problem, events }]
  return {
    ...rest,
    head: { ...rest.head, quarantined: rest.head.quarantined + events.length },
    body: { ...rest.body, quarantine },
  }
}

/** Return the state in which events that were quarantined by a time are at the end of the log again. */
function rejoined(state: State, sinceMs: number): State {
  const due = state.body.quarantine.filter((entry) => entry.sinceMs <= sinceMs)
  if (due.length === 0) return state
  const events = due.flatMap((entry) => entry.events)
  const joined = renumbered(state, [...state.events, ...events], {
    quarantined: state.head.quarantined - events.length,
  })
  const quarantine = state.body.quarantine.filter((entry) => !due.includes(entry))
  // What is under way covers earlier events, which keep their place.
  return { ...joined, body: { ...joined.body, sealed: state.body.sealed, quarantine } }
}

/** Return the state with the events up to `seq` folded into `base`, their rows gone. */
export function compacted(spec: Spec, state: State, seq: number): State {
  const { head, body, events } = state
  if (seq <= head.compacted) return state
  const folded = foldRows(
    spec,
    events.filter((event) => event.seq <= seq),
    head.replica,
  )
  const base = profileToJson(merge(spec, carried(spec, body.base), folded))
  return {
    head: { ...head, compacted: seq, revision: head.revision + 1 },
    body: { ...body, base },
    events: events.filter((event) => event.seq > seq),
  }
}

/** Return the profile of what this device tracked, up to an event: `mine`, whatever became of it in a sync. */
export function profileUpTo(spec: Spec, { head, body, events }: State, seq: number): Profile {
  const rows = events.filter((event) => event.seq <= seq)
  return merge(spec, carried(spec, body.base), foldRows(spec, rows, head.replica))
}

/** Return the profile of all that is to be counted of this device: its log, and what is in quarantine. */
export function profileOfMine(spec: Spec, state: State): Profile {
  const held = state.body.quarantine.flatMap((entry) => entry.events)
  return merge(spec, profileUpTo(spec, state, state.head.last), foldRows(spec, held, state.head.replica))
}

/** Fold rows; one that a tab with another spec tracked, and this spec refuses, counts for nothing here. */
export function foldRows(spec: Spec, rows: readonly StoredEvent[], replica: string): Profile {
  try {
    return fold(spec, rows, { replica })
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error
    return fold(
      spec,
      rows.filter((row) => accepts(spec, row)),
      { replica },
    )
  }
}

function accepts(spec: Spec, event: StoredEvent): boolean {
  try {
    validateEvent(spec, event)
    return true
  } catch (error) {
    if (error instanceof InvalidEvent) return false
    throw error
  }
}

/** Return what has to be written to get from one state to the next. */
export function written<Result>(before: State, next: State, result: Result): Write<Result> {
  return {
    ...(next.head === before.head ? {} : { head: next.head }),
    ...(next.body === before.body ? {} : { body: next.body }),
    ...rowsWritten(before, next),
    result,
  }
}

function rowsWritten(before: State, next: State): Pick<Write<unknown>, 'forget' | 'replace'> {
  if (next.events === before.events) return {}
  if (next.head.generation !== before.head.generation) return { replace: next.events }
  return { forget: next.head.compacted }
}
