/** The client's steps of PROTOCOL.md as pure functions: no request, no clock and no randomness but what they are given. */

import type { Answer } from './answer.js'
import { merge } from './fold.js'
import { emptyProfile, type Profile, profileToJson } from './profile.js'
import type { Spec } from './spec.js'
import {
  carried,
  compacted,
  foldRows,
  forgotten,
  MAX_DIFF_EVENTS,
  profileUpTo,
  quarantined,
  renumbered,
  type State,
  without,
} from './state.js'
import type { Diff, Head, StoredEvent } from './store/store.js'

/** How far ahead of the server's clock an event may be. */
const MAX_AHEAD_MS = 86_400_000

/** What an answer came to on this device.
 *
 *  `believed`: the server's timeline is a prefix of ours. `restored`: it is, but the server has gone back in time.
 *  `forked`: it goes on differently, this is a new replica now. `overlapped`: events that another replica has were taken out.
 *  `erased`: the subject was erased, the log was forgotten. `stale`: the answer is of a replica that is no more. */
export type Outcome = 'believed' | 'restored' | 'forked' | 'overlapped' | 'erased' | 'stale'

/** What a refusal came to. `split`: fewer events go into the next diff. `kept`: the diff is sent again, unchanged, later. */
export type Refusal = 'split' | 'quarantined' | 'held_back' | 'erased' | 'kept'

export interface Received {
  readonly state: State
  readonly outcome: Outcome
}

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

/** Return what an answer makes of the state (steps 1 to 5, 7 and 8). `newReplica` is used only by a fork. */
export function receive(spec: Spec, state: State, answer: Answer, newReplica: string): Received {
  if (answer.replica !== state.head.replica) return { state, outcome: 'stale' }
  const told = withAnswer(spec, state, answer)
  if (state.head.epoch !== null && answer.epoch > state.head.epoch) {
    const fresh = forgotten(spec, told, newReplica, answer.epoch)
    const { others, attributes } = told.body
    return { state: { ...fresh, body: { ...fresh.body, others, attributes } }, outcome: 'erased' }
  }
  const shared = sharedSeq(state, answer)
  if (shared !== answer.acked) return { state: forked(spec, told, shared, newReplica), outcome: 'forked' }

  const restored = shared < state.head.acked
  const agreed = acknowledged(told, answer, restored)
  if (answer.outcome === 'overlap') return overlapped(spec, agreed, answer, newReplica)
  return {
    state: compacted(spec, agreed, shared - MAX_DIFF_EVENTS),
    outcome: restored ? 'restored' : 'believed',
  }
}

/** Step 7: what the server told is kept with what is made of it. The clock passes the other devices' last event. */
function withAnswer(spec: Spec, state: State, answer: Answer): State {
  const { head, body } = state
  // A server that was restored to before an erasure tells what was erased, until our next diff reminds it.
  const outdated = head.epoch !== null && answer.epoch < head.epoch
  const others = outdated ? emptyProfile(spec) : answer.others
  return {
    head: {
      ...head,
      revision: head.revision + 1,
      epoch: Math.max(head.epoch ?? 0, answer.epoch),
      time: Math.max(head.time, others.lastMs ?? 0),
      sendUpToMs: head.sendUpToMs === null ? null : answer.serverTimeMs + MAX_AHEAD_MS,
    },
    body: { ...body, others: profileToJson(others), attributes: outdated ? {} : answer.attributes },
    events: state.events,
  }
}

/** Step 1: the largest seq at which our own id equals the server's; null where what is compared does not reach to one. */
function sharedSeq({ head, events }: State, answer: Answer): number | null {
  const { acked, recent } = answer
  if (acked === 0) return 0
  // `head` alone tells the last id where no others came along.
  const ids = recent.length === 0 ? [answer.head] : recent
  const first = acked - ids.length + 1
  for (let seq = Math.min(acked, head.last); seq >= Math.max(first, head.compacted + 1); seq--) {
    if (events[seq - head.compacted - 1]?.id === ids[seq - first]) return seq
  }
  return first === 1 && head.compacted === 0 ? 0 : null
}

/** Steps 2 and 5: the server has our events up to `acked`, and no others of this replica. */
function acknowledged(state: State, answer: Answer, restored: boolean): State {
  const { head, body } = state
  const { sealed } = body
  const covered = sealed !== null && sealed.to <= answer.acked
  // That the server has the events of a whole contribution does not say that it has replaced its own.
  const isIn = covered && (sealed.from > 0 || ['replaced', 'duplicate'].includes(answer.outcome))
  const whole = restored || (head.whole && !(isIn && sealed.from === 0))
  const fits =
    sealed !== null &&
    (sealed.from === 0 ? whole && sealed.to >= answer.acked : !whole && sealed.from === answer.acked + 1)
  const stands = fits && !isIn && !restored && answer.outcome !== 'fork'
  return {
    head: {
      ...head,
      acked: answer.acked,
      whole,
      limit: isIn ? Math.min(MAX_DIFF_EVENTS, head.limit * 2) : head.limit,
    },
    body: { ...body, sealed: stands ? sealed : null },
    events: state.events,
  }
}

/** Step 3: become a new replica that starts with our own events after what both share. What came before is in the old
 *  replica's contribution; until the server tells it in `others`, our own copy of it stands there. */
function forked(spec: Spec, state: State, shared: number | null, newReplica: string): State {
  const { head, events } = state
  const fresh = { replica: newReplica, acked: 0, whole: false, limit: MAX_DIFF_EVENTS }
  const start = shared ?? head.acked
  // Folded events that no server ever acknowledged have no rows to start with: they stay in front.
  if (start < head.compacted) return renumbered(state, events, fresh)
  const others = merge(spec, carried(spec, state.body.others), profileUpTo(spec, state, start))
  const rows = events.filter((event) => event.seq > start)
  const next = renumbered(state, rows, { ...fresh, compacted: 0 })
  const base = profileToJson(emptyProfile(spec))
  return { ...next, body: { ...next.body, base, others: profileToJson(others) } }
}

/** Step 4: another replica has some of these events already. */
function overlapped(spec: Spec, state: State, answer: Answer, newReplica: string): Received {
  const named = new Set(answer.overlap)
  const ours = state.events.filter((event) => named.has(event.id))
  if (ours.some((event) => event.seq <= state.head.acked)) {
    // Only a whole contribution can name events that this replica has acknowledged: start after them.
    return { state: forked(spec, state, answer.acked, newReplica), outcome: 'forked' }
  }
  return { state: without(state, named), outcome: 'overlapped' }
}

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
