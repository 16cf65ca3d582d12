/** What of a log is folded already: a read-out folds each event once, and a long log in pieces. */

import { carry } from '../reducer/carry.js'
import { merge } from '../reducer/fold.js'
import { keptFromJson } from '../reducer/kept.js'
import type { Profile } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'
import { foldRows } from './specs.js'
import type { Body, Head, Read, StoredEvent } from './store/store.js'

/** So many rows are read at once: more would hold the page up. */
const PIECE_ROWS = 2_048

/** The profile at a moment: exactly the events with time < nowMs, of this device and, as last told, of the others. */
export interface ReadOut {
  readonly nowMs: number
  readonly profile: Profile
  readonly attributes: Readonly<Record<string, unknown>>
  /** By aggregate hash: since when those count that do not count all events. */
  readonly sinceMs: ReadonlyMap<string, number>
}

/** What is folded of the log; void once the replica or the generation is another. */
export interface Folded {
  readonly replica: string
  readonly generation: number
  readonly revision: number
  readonly upTo: number
  readonly mine: Profile
  readonly others: Profile
  readonly attributes: Readonly<Record<string, unknown>>
  readonly sinceMs: ReadonlyMap<string, number>
}

/** What a read-out's transaction found: a head always. */
export interface Piece {
  readonly head: Head
  readonly body: Body | null
  readonly events: readonly StoredEvent[]
}

/** Return what to read next: the rows after what is folded, and the body where it may be another. */
export function nextRead(folded: Folded | null, head: Head): Read {
  const goesOn = folded !== null && continues(folded, head)
  const after = goesOn ? folded.upTo : 0
  const body = !goesOn || folded.revision !== head.revision
  return { after, upTo: Math.max(after, head.compacted) + PIECE_ROWS, ...(body ? { body } : {}) }
}

/** Return what is folded after a piece more, null where what was read does not go on from it. */
export function foldedWith(spec: Spec, folded: Folded | null, read: Read, piece: Piece): Folded | null {
  const { head, body, events } = piece
  const { replica, generation, revision } = head
  const upTo = Math.min(read.upTo ?? head.last, head.last)
  if (folded !== null && continues(folded, head) && read.after === folded.upTo) {
    if (body === null && folded.revision !== revision) return null
    const mine = withRows(spec, folded.mine, events, replica)
    const told = body === null ? {} : toldBy(spec, body)
    return { ...folded, ...told, revision, upTo, mine }
  }
  if (body === null || (events[0]?.seq ?? head.compacted + 1) > head.compacted + 1) return null
  const base = carry(spec, keptFromJson(body.base))
  const held = body.quarantine.flatMap((entry) => entry.events)
  const mine = withRows(spec, base.profile, [...events, ...held], replica)
  return { replica, generation, revision, upTo, mine, ...toldBy(spec, body, base) }
}

/** Return whether all events of the log are folded. */
export function isWhole(folded: Folded, head: Head): boolean {
  return folded.upTo === head.last && folded.revision === head.revision && continues(folded, head)
}

function continues(folded: Folded, head: Head): boolean {
  return (
    folded.replica === head.replica &&
    folded.generation === head.generation &&
    folded.upTo >= head.compacted &&
    folded.upTo <= head.last
  )
}

function toldBy(
  spec: Spec,
  body: Body,
  base = carry(spec, keptFromJson(body.base)),
): Pick<Folded, 'others' | 'attributes' | 'sinceMs'> {
  const others = carry(spec, keptFromJson(body.others))
  const sinceMs = new Map(others.sinceMs)
  for (const [hash, since] of base.sinceMs) sinceMs.set(hash, Math.max(since, sinceMs.get(hash) ?? 0))
  return { others: others.profile, attributes: body.attributes, sinceMs }
}

function withRows(spec: Spec, mine: Profile, rows: readonly StoredEvent[], replica: string): Profile {
  return rows.length === 0 ? mine : merge(spec, mine, foldRows(spec, rows, replica))
}
