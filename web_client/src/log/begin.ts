/** How a log begins: as it was left, by another spec than it was left by, or new. */

import { randomReplica } from '../platform/random.js'
import { mergeKept } from '../reducer/carry.js'
import { keptFromJson, keptToJson } from '../reducer/kept.js'
import type { Spec } from '../reducer/spec.js'
import { accepts, keptOf, refusedRows, specsOf, usedSpecs } from './specs.js'
import {
  allRows,
  freshState,
  MAX_DIFF_EVENTS,
  NOTHING,
  quarantined,
  RowsMissing,
  renumbered,
  type State,
  written,
} from './state.js'
import type { Diff, Found, Head, Quarantine, Store, StoredEvent, Write } from './store/store.js'

const QUARANTINE_MS = 86_400_000

export interface BeginOptions {
  /** When the client was opened, by the wall clock; now by default. A log that a later one has moved to another spec stays so. */
  readonly openedMs?: number
  /** Called for each entry that the beginning puts into quarantine. */
  readonly onQuarantined?: (entry: Quarantine) => void
}

/** Run the first transaction of a log in a store: it has a head afterwards, by this spec.
 *
 *  With no spec (null) a log that stands stays by its own, and a new one takes events until a client knows the spec. */
export async function beginLog(
  store: Store,
  spec: Spec | null,
  wallMs: number,
  { openedMs = wallMs, onQuarantined = () => {} }: BeginOptions = {},
): Promise<Head> {
  let quarantine: readonly Quarantine[] = []
  const begin = (found: Found): Write<Head> => {
    const state = begun(spec, found, randomReplica(), wallMs, openedMs)
    quarantine = state.body.quarantine.filter((entry) => !found.body?.quarantine.includes(entry))
    return writtenFrom(found, state, state.head)
  }
  // A log that goes on as it is needs none of its rows here: there may be thousands.
  const head = await store.transact({ body: true }, (found): Write<Head | null> => {
    if (found.head === null) return { result: null }
    try {
      return begin(found)
    } catch (error) {
      if (!(error instanceof RowsMissing)) throw error
      return { result: null }
    }
  })
  const ready = head ?? (await store.transact({ body: true, after: 0 }, begin))
  quarantine.forEach(onQuarantined)
  return ready
}

/** Return the state with which a client begins: by its own spec, and with what was long enough in quarantine. */
export function begun(
  spec: Spec | null,
  found: Found,
  replica: string,
  wallMs: number,
  openedMs = wallMs,
): State {
  if (found.head === null || found.body === null) {
    const fresh = withSpec(
      freshState(null, replica, spec === null ? {} : { spec: spec.id, movedMs: openedMs }),
      spec,
      wallMs,
    )
    // Rows without a head are what a storage lost by halves has left: they are counted anew.
    return found.events.length === 0
      ? fresh
      : renumbered(fresh, found.events, { tracked: found.events.length })
  }
  const state = upgraded({ head: found.head, body: found.body, events: found.events })
  if (spec === null) return state
  if (state.head.spec !== spec.id) {
    const { movedMs } = state.head
    // A moment that has not come yet was told by a clock that was false.
    return movedMs > openedMs && movedMs <= wallMs ? state : moved(spec, state, wallMs, openedMs)
  }
  const due = rejoined(
    state,
    ({ problem, sinceMs }) => problem !== 'InvalidEvent' && sinceMs <= wallMs - QUARANTINE_MS,
  )
  return withSpec(due, spec, wallMs)
}

function withSpec(state: State, spec: Spec | null, wallMs: number): State {
  const specs = spec === null ? state.body.specs : usedSpecs(state.body.specs, spec, wallMs)
  return specs === state.body.specs ? state : { ...state, body: { ...state.body, specs } }
}

/** Return the state by another spec. Nothing that was folded is dropped: what this spec does not name is counted on by those
 *  that do, and what this spec refuses of the rows is kept: pending in quarantine, acknowledged by the spec that took it. */
function moved(spec: Spec, state: State, wallMs: number, openedMs: number): State {
  const back = rejoined(state, () => true)
  const { head, body } = back
  const rows = allRows(back)
  const folded = foldedBefore(spec, back, rows)
  const next: State = {
    head: {
      ...head,
      spec: spec.id,
      movedMs: openedMs,
      generation: head.generation + 1,
      revision: head.revision + 1,
      limit: MAX_DIFF_EVENTS,
      // Only the whole contribution tells the server what new aggregates make of events that it has, or may have.
      whole: head.acked > 0 || body.sealed !== null,
    },
    body: { ...body, base: folded.base, sealed: null, specs: usedSpecs(body.specs, spec, wallMs) },
    events: folded.rows,
  }
  const refused = refusedRows(
    spec,
    folded.rows.filter((event) => event.seq > head.acked),
  )
  return refused.length === 0 ? next : quarantined(next, refused, 'InvalidEvent', wallMs)
}

/** The server has counted these rows by the spec that took them; the new one refuses them, so they are folded by that one now. */
function foldedBefore(spec: Spec, { head, body }: State, rows: readonly StoredEvent[]) {
  const known = rows.filter((event) => event.seq <= head.acked)
  const earlier = specsOf(spec, body.specs).slice(1)
  const taken = new Set(
    refusedRows(spec, known).filter((event) => earlier.some((other) => accepts(other, event))),
  )
  if (taken.size === 0) return { base: body.base, rows }
  const specs = specsOf(spec, body.specs)
  const kept = keptOf(earlier, [...taken], head.replica)
  return {
    base: keptToJson(mergeKept(specs, keptFromJson(body.base), kept)),
    rows: rows.map((event) => (taken.has(event) ? { ...event, folded: true as const } : event)),
  }
}

/** Return the state in which the events of some entries of the quarantine are at the end of the log again. */
function rejoined(state: State, isDue: (entry: Quarantine) => boolean): State {
  const due = state.body.quarantine.filter(isDue)
  if (due.length === 0) return state
  const events = due.flatMap((entry) => entry.events)
  const joined = renumbered(state, [...allRows(state), ...events], {
    quarantined: state.head.quarantined - events.length,
  })
  const quarantine = state.body.quarantine.filter((entry) => !due.includes(entry))
  // What is under way covers earlier events, which keep their place.
  return { ...joined, body: { ...joined.body, sealed: state.body.sealed, quarantine } }
}

/** Return the state in this version's format; a log of the first lacks what came later. */
function upgraded(state: State): State {
  if (state.head.format === 2) return state
  const fresh = freshState(null, state.head.replica)
  const { sendUpToMs: _, ...head } = state.head as Head & { readonly sendUpToMs?: number }
  const sealed = state.body.sealed as Diff | null
  return {
    ...state,
    head: { ...fresh.head, ...head, format: 2 },
    body: {
      ...fresh.body,
      ...state.body,
      others: state.body.others ?? NOTHING,
      sealed: sealed && { ...sealed, since: sealed.since ?? {}, subject: sealed.subject ?? null },
    },
  }
}

function writtenFrom<Result>(found: Found, state: State, result: Result): Write<Result> {
  if (found.head !== null && found.body !== null) {
    return written({ head: found.head, body: found.body, events: found.events }, state, result)
  }
  return { head: state.head, body: state.body, replace: state.events, result }
}
