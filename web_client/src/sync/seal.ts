/** Steps 6 and 8 of PROTOCOL.md: what of the log goes into the next diff. Pure. */

import { foldRows, refusedRows } from '../log/specs.js'
import { idAt, MAX_DIFF_EVENTS, mineUpTo, quarantined, rowsOf, type State } from '../log/state.js'
import type { Diff, Head, StoredEvent } from '../log/store/store.js'
import { type Profile, profileToJson } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'

// The server takes a body of 1 MiB; what stands around ids and delta is small.
const MAX_DIFF_BYTES = 1_000_000

/** Return the state with a sealed diff, where there is anything to send (step 6). A sealed diff never changes.
 *
 *  Rows that an outdated tab has added, and this spec refuses, are quarantined first: what no delta counts is not acknowledged. */
export function seal(spec: Spec, state: State, wallMs: number): State {
  const { head, body } = state
  const whole = head.last > 0 && (head.whole || head.compacted > head.acked)
  if (body.sealed !== null || (head.last <= head.acked && !whole)) return state
  const to = whole ? endOfWhole(head) : Math.min(head.last, head.acked + limitOf(head))
  const refused = refusedRows(spec, rowsOf(state, head.acked + 1, to))
  if (refused.length > 0) return seal(spec, quarantined(state, refused, 'InvalidEvent', wallMs), wallMs)
  const sealed = whole ? wholeDiff(spec, state, to) : nextDiff(spec, state, to)
  return { ...state, head: { ...head, revision: head.revision + 1 }, body: { ...body, sealed } }
}

function limitOf({ limit }: Head): number {
  return Math.max(1, Math.min(limit, MAX_DIFF_EVENTS))
}

function nextDiff(spec: Spec, state: State, to: number): Diff {
  const { head } = state
  const rows = rowsOf(state, head.acked + 1, to)
  const prev = head.acked === 0 ? '' : (idAt(state, head.acked) ?? '')
  const diff = diffOf(spec, head, [head.acked + 1, to], prev, rows, foldRows(spec, rows, head.replica))
  const fits = rows.length === 1 || bytesOf(diff) <= MAX_DIFF_BYTES
  return fits ? diff : nextDiff(spec, state, head.acked + Math.floor(rows.length / 2))
}

/** The server recognises a whole contribution by its own last event, so the ids that go along must reach back to it;
 *  and `base` can't be cut, so they can't begin before it. Both hold at the larger of the two ends. */
function endOfWhole({ last, compacted, acked }: Head): number {
  return Math.min(last, Math.max(compacted + MAX_DIFF_EVENTS, acked + MAX_DIFF_EVENTS - 1))
}

function wholeDiff(spec: Spec, state: State, to: number): Diff {
  const rows = rowsOf(state, to - MAX_DIFF_EVENTS + 1, to)
  const { profile, sinceMs } = mineUpTo(spec, state, to)
  return { ...diffOf(spec, state.head, [0, to], '', rows, profile), since: Object.fromEntries(sinceMs) }
}

function diffOf(
  spec: Spec,
  { replica, epoch, subject }: Head,
  [from, to]: readonly [number, number],
  prev: string,
  rows: readonly StoredEvent[],
  delta: Profile,
): Diff {
  const ids = rows.map((event) => event.id)
  const named = { replica, spec: spec.id, epoch: epoch ?? 0, subject }
  return { ...named, from, to, prev, ids, delta: profileToJson(delta), since: {} }
}

function bytesOf({ ids, delta }: Diff): number {
  const characters = delta.length + 12 * ids.length
  // A character of a string takes at most three bytes of UTF-8.
  return 3 * characters <= MAX_DIFF_BYTES
    ? characters
    : new TextEncoder().encode(delta).length + 12 * ids.length
}
