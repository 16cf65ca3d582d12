/** Events that change hands: from the anonymous log at a login, and from another's log that a token did not belong to. */

import { adopt } from '../log/adopt.js'
import { allRows, renumbered, type State, without } from '../log/state.js'
import type { StoredEvent } from '../log/store/store.js'
import type { Session } from './session.js'

/** Move the anonymous log's events to a subject's. What a server has of it already stays with whom it was sent for. */
export async function adoptAnonymous(from: Session, into: Session): Promise<void> {
  await from.log.flush()
  const which = from.log.head().subject === null ? 'all' : 'pending'
  await adopt(from.store, into.store, into.spec(), which)
  await Promise.all([from.log.look(), into.log.look()])
}

/** Move what this page tracked and no server has: it was tracked in another's log before anybody could know. */
export async function moveTracked(from: Session, into: Session): Promise<void> {
  await from.log.flush()
  const rows = await from.log.change((state) => ({ state, result: movable(state, from.tracked) }), {
    anySpec: true,
  })
  if (rows.length === 0) return
  // First where they go: a crash in between leaves them twice on the device, never nowhere.
  await into.log.change(
    (state) => {
      const held = new Set(allRows(state).map((row) => row.id))
      const fresh = rows.filter((row) => !held.has(row.id))
      const next = renumbered(state, [...allRows(state), ...fresh], {})
      const head = { ...next.head, tracked: next.head.tracked + fresh.length }
      return { state: { ...next, head }, result: undefined }
    },
    { strict: true, anySpec: true },
  )
  const moved = new Set(rows.map((row) => row.id))
  await from.log.change(
    (state) => {
      const left = movable(state, moved).length
      const next = without(state, moved)
      return {
        state: { ...next, head: { ...next.head, tracked: next.head.tracked - left } },
        result: undefined,
      }
    },
    { strict: true, anySpec: true },
  )
}

function movable(state: State, ids: ReadonlySet<string>): readonly StoredEvent[] {
  return allRows(state).filter((row) => row.seq > state.head.acked && ids.has(row.id))
}
