/** What a refused diff makes of the log. Pure: nothing that is pending is deleted but by an erasure. */

import { heldTo, mended } from '../log/clock.js'
import { forgotten, quarantined, rowsOf, type State } from '../log/state.js'
import type { Head } from '../log/store/store.js'
import { isSafeInteger } from '../reducer/canonical.js'

/** What a refusal came to. `split`: fewer events go into the next diff. `mended`: the clock was ahead, the events have the time of
 *  the server now. `unsealed`: the server does not serve this spec. `kept`: the diff is sent again, unchanged, later. */
export type Refusal = 'split' | 'quarantined' | 'mended' | 'unsealed' | 'erased' | 'kept'

/** What the server refused a sealed diff with. */
export interface Problem {
  readonly status: number
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
}

/** Return what a refusal of the sealed diff makes of the state. Nothing that is pending is ever deleted by one but `SubjectErased`.
 *
 *  A diff of several events that is refused for what it holds is halved until one event is left: only that one is quarantined,
 *  taken out of the log so that the seqs of the rest stay without holes. One from a clock that was ahead is stamped anew. */
export function refuse(
  state: State,
  problem: Problem,
  wallMs: number,
  newReplica: string,
): { readonly state: State; readonly refusal: Refusal } {
  const { head, body, events } = state
  const kept = { state, refusal: 'kept' } as const
  if (problem.status === 410) {
    const epoch = problem.values.epoch
    if (!Number.isSafeInteger(epoch) || (epoch as number) <= (head.epoch ?? 0)) return kept
    return { state: forgotten(state, newReplica, epoch as number), refusal: 'erased' }
  }
  const { sealed } = body
  if (sealed === null || ![400, 409, 413, 422].includes(problem.status)) return kept
  if (problem.status === 409 && problem.name !== 'SpecMismatch') return kept
  const open = (change: Partial<Head>): State => ({
    head: { ...head, revision: head.revision + 1, ...change },
    body: { ...body, sealed: null },
    events,
  })
  // A whole contribution can't be cut, but where its rows are still there the server can do with those that it lacks.
  const uncut = sealed.from === 0 && head.compacted > head.acked
  if (problem.name === 'ClockAhead') {
    const serverTimeMs = problem.values.server_time_ms
    if (!isSafeInteger(serverTimeMs) || serverTimeMs < 0) return kept
    const back = mended({ ...state, head: heldTo(head, serverTimeMs, wallMs) }, serverTimeMs)
    // What is folded already keeps its time: it waits for the server's.
    return back.body.sealed === null ? { state: back, refusal: 'mended' } : kept
  }
  // A deploy: the server has no such spec any more, or not yet. The events are sealed anew by the spec that comes.
  if (problem.name === 'SpecMismatch') return { state: open({}), refusal: 'unsealed' }
  if (sealed.from === 0) return uncut ? kept : { state: open({ whole: false }), refusal: 'split' }
  const count = sealed.to - sealed.from + 1
  if (count > 1) return { state: open({ limit: Math.floor(count / 2) }), refusal: 'split' }
  if (problem.status === 413) return kept
  const refused = rowsOf(state, sealed.from, sealed.to)
  return { state: quarantined(state, refused, problem.name, wallMs), refusal: 'quarantined' }
}
