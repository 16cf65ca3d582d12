/** One log takes over another's events: a lesser store's, once the better one opens again, or an anonymous log's at a login. */

import { randomReplica } from '../platform/random.js'
import { mergeKept } from '../reducer/carry.js'
import { keptFromJson, keptToJson } from '../reducer/kept.js'
import type { Spec } from '../reducer/spec.js'
import { noted } from './journal.js'
import { specsOf } from './specs.js'
import {
  allRows,
  forgotten,
  keptUpTo,
  MAX_DIFF_EVENTS,
  NOTHING,
  renumbered,
  type State,
  written,
} from './state.js'
import type { Store, StoredEvent } from './store/store.js'

/** Which events are taken: those that no server has (`pending`), or all, since the server has them of another subject. */
export type Adoption = 'pending' | 'all'

/** Move the events of one store's log into another's, whose log has begun; both are of one spec, or of none.
 *
 *  Repeating it is harmless: the log that takes them remembers what it has. What is taken keeps its time.
 *  @returns how many events were taken. */
export async function adopt(from: Store, into: Store, spec: Spec | null, which: Adoption): Promise<number> {
  const given = await from.transact({ body: true, after: 0 }, ({ head, body, events }) => ({
    result: head === null || body === null ? null : { head, body, events },
  }))
  if (given === null) return 0
  const taken = await into.transact({ body: true, after: 0 }, (found) => {
    if (found.head === null || found.body === null) return { result: 0 }
    const before: State = { head: found.head, body: found.body, events: found.events }
    const { state, count } = adopted(spec, before, given, which)
    return written(before, state, count)
  })
  await from.transact({ body: true }, ({ head, body }) => {
    if (head === null || body === null) return { result: null }
    return { ...forgotten({ head, body, events: [] }, randomReplica(), null), replace: [], result: null }
  })
  return taken
}

/** Return the state with another's events at its end; what the other had folded, and no server has, comes in front. */
export function adopted(
  spec: Spec | null,
  state: State,
  given: State,
  which: Adoption,
): { readonly state: State; readonly count: number } {
  const mark = `log:${given.head.replica}`
  const start = which === 'all' ? 0 : given.head.acked
  const done = state.head.journals[mark] ?? start
  const held = given.body.quarantine.flatMap((entry) => entry.events)
  const known = new Set(
    [...state.events, ...state.body.quarantine.flatMap((entry) => entry.events)].map(({ id }) => id),
  )
  const rows = [...allRows(given).filter((event) => event.seq > done), ...held].filter(
    ({ id }) => !known.has(id),
  )
  const folded = given.head.compacted > done ? given.head.compacted : 0
  if (rows.length === 0 && folded === 0) return { state, count: 0 }
  const front = folded === 0 || spec === null ? state : withBase(spec, state, given, folded)
  const next = renumbered(front, [...allRows(front), ...rows.map(unfolded)], {})
  const count = rows.length + folded
  const head = noted({ ...next.head, tracked: next.head.tracked + count }, mark, given.head.last)
  // What is under way covers earlier events, which keep their place.
  const sealed = front === state ? state.body.sealed : null
  return { state: { ...next, head, body: { ...next.body, sealed } }, count }
}

function unfolded({ folded: _, ...event }: StoredEvent): StoredEvent {
  return event
}

/** Folded events that no server has stand before all others, so what is acknowledged stays with the replica that it is of. */
function withBase(spec: Spec, state: State, given: State, folded: number): State {
  const { head, body } = state
  const specs = specsOf(spec, { ...given.body.specs, ...body.specs })
  const others =
    head.acked === 0
      ? body.others
      : keptToJson(mergeKept(specs, keptFromJson(body.others), keptUpTo(spec, state, head.acked)))
  const own = head.acked === 0 ? body.base : NOTHING
  const base = keptToJson(mergeKept(specs, keptFromJson(own), keptFromJson(given.body.base)))
  const compacted = (head.acked === 0 ? head.compacted : 0) + folded
  const rows = allRows(state).filter((event) => event.seq > head.acked)
  const fresh =
    head.acked === 0 ? {} : { replica: given.head.replica, acked: 0, whole: false, limit: MAX_DIFF_EVENTS }
  const next = renumbered(state, rows, { ...fresh, compacted })
  return { ...next, body: { ...next.body, base, others } }
}
