/** The log's state and what may become of it: pure functions that a store runs inside a transaction. */

import { type Carried, carry, mergeKept } from '../reducer/carry.js'
import { merge } from '../reducer/fold.js'
import { type Kept, keptFromJson, keptToJson } from '../reducer/kept.js'
import type { Spec } from '../reducer/spec.js'
import { foldRows, keptOf, specsOf } from './specs.js'
import type { Body, Head, StoredEvent, Write } from './store/store.js'

/** The largest diff, and the window of acknowledged ids that two timelines are compared through (PROTOCOL.md). */
export const MAX_DIFF_EVENTS = 1_024
/** The kept profile of no events. */
export const NOTHING = '{"last_ms":null,"states":{}}'

/** All that a log holds; `events` are the rows that were read of `head.compacted + 1 .. head.last`.
 *
 *        1 .. compacted   compacted + 1 .. acked   acked + 1 .. last
 *        base             rows, and at the server  rows, pending; the first of them may be sealed */
export interface State {
  readonly head: Head
  readonly body: Body
  readonly events: readonly StoredEvent[]
}

/** A decision needs rows that were not read: it is made again with all of them. */
export class RowsMissing extends Error {}

/** Return the state of a log without events; `spec` is null while no client has known one. */
export function freshState(spec: Spec | null, replica: string, from: Partial<Head> = {}): State {
  return {
    head: {
      format: 2,
      spec: spec?.id ?? '',
      movedMs: 0,
      subject: null,
      replica,
      epoch: null,
      generation: 0,
      revision: 0,
      last: 0,
      time: 0,
      aheadMs: 0,
      belowMs: null,
      compacted: 0,
      acked: 0,
      whole: false,
      limit: MAX_DIFF_EVENTS,
      quietUntilMs: 0,
      tracked: 0,
      rejected: 0,
      quarantined: 0,
      syncedMs: null,
      journals: {},
      ...from,
    },
    body: {
      base: NOTHING,
      others: NOTHING,
      attributes: {},
      sealed: null,
      quarantine: [],
      specs: spec === null ? {} : { [spec.id]: { json: spec.json, usedMs: 0 } },
    },
    events: [],
  }
}

/** Return the state after everything was forgotten: a new replica, whose clock still does not run backwards. */
export function forgotten({ head, body }: State, replica: string, epoch: number | null): State {
  const { spec, movedMs, subject, time, aheadMs, belowMs, quietUntilMs, generation, revision } = head
  const kept = { spec, movedMs, subject, time, aheadMs, belowMs, quietUntilMs }
  const fresh = freshState(null, replica, {
    ...kept,
    epoch,
    generation: generation + 1,
    revision: revision + 1,
  })
  return { ...fresh, body: { ...fresh.body, specs: body.specs } }
}

/** Return the rows of `from .. to`, as far as the log has them. */
export function rowsOf({ head, events }: State, from: number, to: number): readonly StoredEvent[] {
  const [first, last] = [Math.max(from, head.compacted + 1), Math.min(to, head.last)]
  if (first > last) return []
  const start = first - (events[0]?.seq ?? Number.POSITIVE_INFINITY)
  const rows = start < 0 ? [] : events.slice(start, start + last - first + 1)
  if (rows.length < last - first + 1) throw new RowsMissing()
  return rows
}

/** Return all rows of the log. */
export function allRows(state: State): readonly StoredEvent[] {
  return rowsOf(state, 1, state.head.last)
}

/** Return the id of an event, undefined where it has no row. */
export function idAt(state: State, seq: number): string | undefined {
  return rowsOf(state, seq, seq)[0]?.id
}

/** Return the state with events of the log taken out: the later ones are renumbered. */
export function without(state: State, taken: ReadonlySet<string>): State {
  const rows = allRows(state)
  return renumbered(
    state,
    rows.filter((event) => !taken.has(event.id)),
    {},
  )
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

/** Return the state with pending events moved from the log into quarantine: they are neither sent nor counted as sent. */
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

/** Return the state with the events up to `seq` folded into `base`, their rows gone. */
export function compacted(spec: Spec, state: State, seq: number): State {
  const { head, body } = state
  if (seq <= head.compacted) return state
  const base = keptToJson(keptUpTo(spec, state, seq))
  return {
    head: { ...head, compacted: seq, revision: head.revision + 1 },
    body: { ...body, base },
    events: state.events.filter((event) => event.seq > seq),
  }
}

/** Return the kept profile of what this device tracked, up to an event, by every spec that the log keeps. */
export function keptUpTo(spec: Spec, state: State, seq: number): Kept {
  const { head, body } = state
  const specs = specsOf(spec, body.specs)
  const rows = rowsOf(state, head.compacted + 1, seq)
  return mergeKept(specs, keptFromJson(body.base), keptOf(specs, rows, head.replica))
}

/** Return the profile of what this device tracked, up to an event: `mine`, whatever became of it in a sync. */
export function mineUpTo(spec: Spec, state: State, seq: number): Carried {
  const { head, body } = state
  const { profile, sinceMs } = carry(spec, keptFromJson(body.base))
  const rows = rowsOf(state, head.compacted + 1, seq)
  return { profile: merge(spec, profile, foldRows(spec, rows, head.replica)), sinceMs }
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
