/** What a refused diff makes of the log. Pure: nothing that is pending is deleted but by an erasure. */

import { forgotten, quarantined, type State } from '../log/state.js'
import type { Head } from '../log/store/store.js'
import type { Spec } from '../reducer/spec.js'
import { MAX_AHEAD_MS } from './receive.js'
/** What a refusal came to. `split`: fewer events go into the next diff. `kept`: the diff is sent again, unchanged, later. */
export type Refusal = 'split' | 'quarantined' | 'held_back' | 'erased' | 'kept'

/** What the server refused a sealed diff with. */
export interface Problem {
  readonly status: number
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
}

/** Return what a refusal of the sealed diff makes of the state. Nothing that is pending is ever deleted by one but `SubjectErased`.
 *
 *  A diff of several events that is refused for what it holds is halved until one event is left: only that one is quarantined,
 *  taken out of the log so that the seqs of the rest stay without holes. One from a clock that is ahead waits for its time. */
export function refuse(
  spec: Spec,
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
    return { state: forgotten(spec, state, newReplica, epoch as number), refusal: 'erased' }
  }
  const { sealed } = body
  if (sealed === null || ![400, 413, 422].includes(problem.status)) return kept
  const open = (change: Partial<Head>): State => ({
    head: { ...head, revision: head.revision + 1, ...change },
    body: { ...body, sealed: null },
    events,
  })
  // A whole contribution can't be cut, but where its rows are still there the server can do with those that it lacks.
  const uncut = sealed.from === 0 && head.compacted > head.acked
  if (problem.name === 'ClockAhead') {
    const serverTimeMs = problem.values.server_time_ms
    if (!Number.isSafeInteger(serverTimeMs)) return kept
    const sendUpToMs = (serverTimeMs as number) + MAX_AHEAD_MS
    return { state: open({ sendUpToMs, whole: head.whole && uncut }), refusal: 'held_back' }
  }
  if (sealed.from === 0) return uncut ? kept : { state: open({ whole: false }), refusal: 'split' }
  const count = sealed.to - sealed.from + 1
  if (count > 1) return { state: open({ limit: Math.floor(count / 2) }), refusal: 'split' }
  if (problem.status === 413) return kept
  const refused = events.filter((event) => event.seq === sealed.from)
  return { state: quarantined(state, refused, problem.name, wallMs), refusal: 'quarantined' }
}
