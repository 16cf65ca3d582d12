/** Steps 1 to 5 and 7 of PROTOCOL.md: what an answer makes of the log. Pure. */

import { CLOCK_TOLERANCE_MS, heldTo, mended } from '../log/clock.js'
import { specsOf } from '../log/specs.js'
import {
  allRows,
  compacted,
  forgotten,
  idAt,
  keptUpTo,
  MAX_DIFF_EVENTS,
  NOTHING,
  renumbered,
  type State,
  without,
} from '../log/state.js'
import { keep, mergeKept } from '../reducer/carry.js'
import { keptFromJson, keptToJson } from '../reducer/kept.js'
import { emptyProfile } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'
import type { Answer } from './answer.js'

/** What an answer came to on this device.
 *
 *  `believed`: the server's timeline is a prefix of ours. `restored`: it is, but the server has gone back in time.
 *  `forked`: it goes on differently, this is a new replica now. `overlapped`: events that another replica has were taken out.
 *  `erased`: the subject was erased, the log was forgotten. `stale`: the answer is of a replica that is no more.
 *  `mismatched`: the answer is of another subject than the log; nothing of it is used. */
export type Outcome = 'believed' | 'restored' | 'forked' | 'overlapped' | 'erased' | 'stale' | 'mismatched'

export interface Received {
  readonly state: State
  readonly outcome: Outcome
}

/** Return what an answer makes of the state (steps 1 to 5, 7 and 8). `newReplica` is used only by a fork. */
export function receive(
  spec: Spec,
  state: State,
  answer: Answer,
  newReplica: string,
  wallMs: number,
): Received {
  const { head } = state
  if (answer.replica !== head.replica) return { state, outcome: 'stale' }
  const isOthers = head.subject !== null && answer.subjectTag !== null && answer.subjectTag !== head.subject
  if (isOthers) return { state, outcome: 'mismatched' }
  const told = withAnswer(spec, state, answer, wallMs)
  if (head.epoch !== null && answer.epoch > head.epoch) {
    const fresh = forgotten(told, newReplica, answer.epoch)
    const { others, attributes } = told.body
    return { state: { ...fresh, body: { ...fresh.body, others, attributes } }, outcome: 'erased' }
  }
  const shared = sharedSeq(told, answer)
  if (shared !== answer.acked) return { state: forked(spec, told, shared, newReplica), outcome: 'forked' }

  const restored = shared < head.acked
  const agreed = acknowledged(told, answer, restored)
  if (answer.outcome === 'overlap') return overlapped(spec, agreed, answer, newReplica)
  return {
    state: compacted(spec, agreed, shared - MAX_DIFF_EVENTS),
    outcome: restored ? 'restored' : 'believed',
  }
}

/** Step 7: what the server told is kept with what is made of it. Its time holds the log's; the clock of another device moves
 *  ours no further than honest clocks are apart. */
function withAnswer(spec: Spec, state: State, answer: Answer, wallMs: number): State {
  const { head, body } = state
  // A server that was restored to before an erasure tells what was erased, until our next diff reminds it.
  const outdated = head.epoch !== null && answer.epoch < head.epoch
  const others = outdated ? emptyProfile(spec) : answer.others
  const sinceMs = outdated ? new Map<string, number>() : answer.sinceMs
  const heard = heldTo(head, answer.serverTimeMs, wallMs)
  const latest = answer.serverTimeMs + CLOCK_TOLERANCE_MS
  const lastMs = others.lastMs ?? 0
  const next: State = {
    head: {
      ...heard,
      revision: head.revision + 1,
      subject: answer.subjectTag ?? head.subject,
      epoch: Math.max(head.epoch ?? 0, answer.epoch),
      time: lastMs <= latest ? Math.max(head.time, lastMs) : head.time,
    },
    body: {
      ...body,
      others: keptToJson(keep(others, sinceMs, outdated ? undefined : keptFromJson(body.others))),
      attributes: outdated ? {} : answer.attributes,
    },
    events: state.events,
  }
  return next.head.time > latest ? mended(next, answer.serverTimeMs) : next
}

/** Step 1: the largest seq at which our own id equals the server's; null where what is compared does not reach to one. */
function sharedSeq(state: State, answer: Answer): number | null {
  const { head } = state
  const { acked, recent } = answer
  if (acked === 0) return 0
  // `head` alone tells the last id where no others came along.
  const ids = recent.length === 0 ? [answer.head] : recent
  const first = acked - ids.length + 1
  for (let seq = Math.min(acked, head.last); seq >= Math.max(first, head.compacted + 1); seq--) {
    if (idAt(state, seq) === ids[seq - first]) return seq
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
  const { head, body } = state
  const rows = allRows(state)
  const fresh = { replica: newReplica, acked: 0, whole: false, limit: MAX_DIFF_EVENTS }
  const start = shared ?? head.acked
  // Folded events that no server ever acknowledged have no rows to start with: they stay in front.
  if (start < head.compacted) return renumbered(state, rows, fresh)
  const specs = specsOf(spec, body.specs)
  const others = mergeKept(specs, keptFromJson(body.others), keptUpTo(spec, state, start))
  const next = renumbered(
    state,
    rows.filter((event) => event.seq > start),
    { ...fresh, compacted: 0 },
  )
  return { ...next, body: { ...next.body, base: NOTHING, others: keptToJson(others) } }
}

/** Step 4: another replica has some of these events already. */
function overlapped(spec: Spec, state: State, answer: Answer, newReplica: string): Received {
  const named = new Set(answer.overlap)
  const ours = allRows(state).filter((event) => named.has(event.id))
  if (ours.some((event) => event.seq <= state.head.acked)) {
    // Only a whole contribution can name events that this replica has acknowledged: start after them.
    return { state: forked(spec, state, answer.acked, newReplica), outcome: 'forked' }
  }
  return { state: without(state, named), outcome: 'overlapped' }
}
