/** Steps 6 and 8 of PROTOCOL.md: what of the log goes into the next diff. Pure. */

import { foldRows, MAX_DIFF_EVENTS, profileUpTo, type State } from '../log/state.js'
import type { Diff, Head, StoredEvent } from '../log/store/store.js'
import { type Profile, profileToJson } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'
/** Return the state with a sealed diff, where there is anything to send (step 6). A sealed diff never changes. */
export function seal(spec: Spec, state: State): State {
  const { head, body, events } = state
  const whole = head.last > 0 && (head.whole || head.compacted > head.acked)
  if (body.sealed !== null || (head.last <= head.acked && !whole)) return state
  const sealed = whole ? wholeDiff(spec, state) : nextDiff(spec, head, events)
  if (sealed === null) return state
  return { ...state, head: { ...head, revision: head.revision + 1 }, body: { ...body, sealed } }
}

function nextDiff(spec: Spec, head: Head, events: readonly StoredEvent[]): Diff | null {
  const start = head.acked - head.compacted
  const unsent = events.slice(start, start + Math.min(head.limit, MAX_DIFF_EVENTS))
  const late =
    head.sendUpToMs === null ? -1 : unsent.findIndex((event) => event.time > (head.sendUpToMs ?? 0))
  const rows = late < 0 ? unsent : unsent.slice(0, late)
  if (rows.length === 0) return null
  const prev = events[start - 1]?.id ?? ''
  const delta = foldRows(spec, rows, head.replica)
  return diffOf(head, head.acked + 1, head.acked + rows.length, prev, rows, delta)
}

/** The server recognises a whole contribution by its own last event, so the ids that go along must reach back to it;
 *  and `base` can't be cut, so they can't begin before it. Both hold at the larger of the two ends. */
function wholeDiff(spec: Spec, state: State): Diff | null {
  const { head, events } = state
  const to = Math.min(head.last, Math.max(head.compacted + MAX_DIFF_EVENTS, head.acked + MAX_DIFF_EVENTS - 1))
  const rows = events.slice(Math.max(0, to - MAX_DIFF_EVENTS - head.compacted), to - head.compacted)
  const delta = profileUpTo(spec, state, to)
  const late = head.sendUpToMs !== null && (delta.lastMs ?? 0) > head.sendUpToMs
  return late ? null : diffOf(head, 0, to, '', rows, delta)
}

function diffOf(
  head: Head,
  from: number,
  to: number,
  prev: string,
  rows: readonly StoredEvent[],
  delta: Profile,
): Diff {
  const { replica, spec, epoch } = head
  const ids = rows.map((event) => event.id)
  return { replica, spec, epoch: epoch ?? 0, from, to, prev, ids, delta: profileToJson(delta) }
}
