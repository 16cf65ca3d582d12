/** The log of one tab: it appends to the store, and knows the profile without folding an event twice. */

import { randomEventId, randomReplica } from '../platform/random.js'
import { isObject } from '../reducer/canonical.js'
import { validateEvent } from '../reducer/event.js'
import { merge } from '../reducer/fold.js'
import type { Profile } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'
import { createAppender, type NewEvent } from './appender.js'
import { ManyPending } from './errors.js'
import {
  begun,
  carried,
  compacted,
  foldRows,
  MANY_PENDING,
  MAX_DIFF_EVENTS,
  profileOfMine,
  type State,
  UNSENT_ROWS,
  written,
} from './state.js'
import type { Found, Head, Read, Store, StoredEvent, Write } from './store/store.js'

// What a full device still keeps of a log that no server has acknowledged.
const FULL_ROWS = 2 * MAX_DIFF_EVENTS

/** The profile at a moment: exactly the events with time < nowMs, of this device and, as last told, of the others. */
export interface ReadOut {
  readonly nowMs: number
  readonly profile: Profile
  readonly attributes: Readonly<Record<string, unknown>>
}

/** tracked = acknowledged + pending + rejected, always. */
export interface Counts {
  readonly tracked: number
  /** The server has them, or it has them no longer to be sent: in the contribution of this replica or another. */
  readonly acknowledged: number
  readonly pending: number
  readonly rejected: number
  /** How many of the pending events the server has refused. */
  readonly quarantined: number
}

export interface Log {
  /** Append an event; it is durable when this resolves.
   *
   *  @throws InvalidEvent the spec refuses it; that is counted. */
  track(type: string, data: unknown): Promise<StoredEvent>
  /** Tick the clock and return the profile: what any tab tracks from now on has time >= nowMs. */
  read(): Promise<ReadOut>
  /** Change the state in one transaction; `strict` waits for the disk. */
  change<Result>(decide: (state: State) => Changed<Result>, strict?: boolean): Promise<Result>
  /** The head as this tab last saw it. */
  head(): Head
  /** See what other tabs have made of the head. */
  look(): Promise<void>
  counts(): Counts
  flush(): Promise<void>
  close(): Promise<void>
}

export interface Changed<Result> {
  readonly state: State
  readonly result: Result
}

export interface LogOptions {
  readonly spec: Spec
  /** The wall clock, milliseconds since the Unix epoch. */
  readonly wall: () => number
  /** Whether a server acknowledges events; if not, old rows are folded. */
  readonly synced: boolean
  readonly onAppend: (types: readonly string[]) => void
  readonly onChange: () => void
  readonly onError: (error: Error) => void
}

/** What is folded of the log already; void once the replica or the generation is another. */
interface Folded {
  readonly replica: string
  readonly generation: number
  readonly revision: number
  readonly upTo: number
  readonly mine: Profile
  readonly others: Profile
  readonly attributes: Readonly<Record<string, unknown>>
}

type Ready = Found & { readonly head: Head }

/** Run the first transaction of a log in a store: it has a head afterwards, by this spec. */
export async function beginLog(store: Store, spec: Spec, wallMs: number): Promise<Head> {
  // A log that goes on as it is needs none of its rows here: there may be thousands.
  const standing = await store.transact({ body: true }, (found) => ({
    result:
      found.head !== null && begun(spec, found, found.head.replica, wallMs).head === found.head
        ? found.head
        : null,
  }))
  if (standing !== null) return standing
  return await store.transact({ body: true, after: 0 }, (found) => {
    const state = begun(spec, found, randomReplica(), wallMs)
    return writtenFrom(found, state, state.head)
  })
}

/** Return the log in a store that `beginLog` has begun. */
export function createLog(store: Store, first: Head, options: LogOptions): Log {
  const { spec, wall, synced } = options
  let head = first
  let folded: Folded | null = null
  let manyTold = false
  const appender = createAppender({ commit, makeRoom: () => bound(FULL_ROWS), onError: options.onError })

  /** A transaction on a store that has a head; one that was cleared under an open page begins again. */
  async function transact<Result>(
    read: Read,
    decide: (found: Ready) => Write<Result>,
    onDone?: () => void,
  ): Promise<Result> {
    for (;;) {
      const done = await store.transact(read, (found): Write<{ head: Head; result: Result } | null> => {
        if (found.head === null) return { result: null }
        const write = decide({ ...found, head: found.head })
        return { ...write, result: { head: write.head ?? found.head, result: write.result } }
      })
      if (done !== null) {
        head = done.head
        onDone?.()
        options.onChange()
        return done.result
      }
      await beginLog(store, spec, wall())
    }
  }

  function change<Result>(decide: (state: State) => Changed<Result>, strict = false): Promise<Result> {
    return transact({ body: true, after: 0, strict }, (found) => {
      const before = stateOf(found)
      const { state, result } = decide(before)
      return written(before, state, result)
    })
  }

  async function commit(
    batch: readonly NewEvent[],
    refused: number,
    onDone: () => void,
  ): Promise<readonly StoredEvent[]> {
    const events = await transact(
      {},
      ({ head: before }) => {
        const time = Math.max(wall(), before.time)
        const append = batch.map(({ type, data }, index) =>
          Object.freeze({ seq: before.last + 1 + index, id: randomEventId(), type, time, data }),
        )
        const after: Head = {
          ...before,
          time: batch.length > 0 ? time : before.time,
          last: before.last + batch.length,
          tracked: before.tracked + batch.length + refused,
          rejected: before.rejected + refused,
        }
        return { head: after, append, result: append }
      },
      onDone,
    )
    if (events.length > 0) options.onAppend([...new Set(events.map((event) => event.type))])
    if (!synced && head.last - head.compacted > 1.1 * UNSENT_ROWS) {
      // The events are written, whatever becomes of this.
      await bound(UNSENT_ROWS).catch(options.onError)
    }
    tellMany()
    return events
  }

  function tellMany(): void {
    const pending = head.last - head.acked
    const many = synced && pending > MANY_PENDING
    if (many && !manyTold) options.onError(new ManyPending(pending, MANY_PENDING))
    manyTold = many
  }

  /** Fold rows that nobody needs one by one. */
  function bound(rows: number): Promise<void> {
    return change((state) => {
      const { acked, last } = state.head
      // A log of which nothing was acknowledged may be folded anywhere: it is sent as one contribution.
      const upTo = !synced && acked === 0 ? last - rows : acked - MAX_DIFF_EVENTS
      return { state: compacted(spec, state, upTo), result: undefined }
    })
  }

  async function read(): Promise<ReadOut> {
    const known = folded
    const reads: Read[] =
      known === null
        ? [{ body: true, after: 0 }]
        : [{ after: known.upTo }, { body: true, after: known.upTo }, { body: true, after: 0 }]
    for (const wanted of reads) {
      const found = await transact(wanted, (found) => {
        if (!suffices(wanted, known, found.head)) return { result: null }
        const nowMs = Math.max(wall(), found.head.time + 1)
        return { head: { ...found.head, time: nowMs }, result: { ...found, nowMs } }
      })
      if (found === null) continue
      folded = foldedFrom(spec, known, found)
      const { mine, others, attributes } = folded
      return { nowMs: found.nowMs, profile: merge(spec, others, mine), attributes }
    }
    throw new Error('the last read suffices always')
  }

  return {
    async track(type, data) {
      let event: NewEvent
      try {
        event = newEvent(spec, type, data)
      } catch (error) {
        appender.refuse()
        throw error
      }
      return await appender.append(event)
    },
    read,
    change,
    head: () => head,
    look: () => transact({}, () => ({ result: undefined })),
    counts: () => countsOf(head, appender.waiting()),
    flush: appender.flush,
    close: appender.close,
  }
}

/** Whether a read has what a read-out needs beyond what is folded already. */
function suffices(read: Read, known: Folded | null, head: Head): boolean {
  if (read.after === 0 && read.body) return true
  const same = known?.replica === head.replica && known.generation === head.generation
  return same && (read.body === true || known.revision === head.revision)
}

function foldedFrom(spec: Spec, known: Folded | null, found: Ready): Folded {
  const { head, body, events } = found
  const { replica, generation, revision, last } = head
  const goesOn = known !== null && known.replica === replica && known.generation === generation
  const mine = goesOn ? added(spec, known, events, replica) : profileOfMine(spec, stateOf(found))
  const told =
    body === null ? (known as Folded) : { others: carried(spec, body.others), attributes: body.attributes }
  return { replica, generation, revision, upTo: last, mine, others: told.others, attributes: told.attributes }
}

function added(spec: Spec, known: Folded, events: readonly StoredEvent[], replica: string): Profile {
  const fresh = events.filter((event) => event.seq > known.upTo)
  return fresh.length === 0 ? known.mine : merge(spec, known.mine, foldRows(spec, fresh, replica))
}

/** Return the event with data of its own, read once: what the page changes afterwards, or computes on access, is no matter. */
function newEvent(spec: Spec, type: unknown, given: unknown): NewEvent {
  let data: unknown = given
  if (isObject(given)) {
    data = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  }
  const kept = validateEvent(spec, { type, time: 0, data })
  return { type: kept.type, data: Object.freeze(data) as StoredEvent['data'] }
}

function countsOf(head: Head, waiting: { readonly events: number; readonly refused: number }): Counts {
  const pending = head.last - head.acked + head.quarantined + waiting.events
  const rejected = head.rejected + waiting.refused
  const tracked = head.tracked + waiting.events + waiting.refused
  return {
    tracked,
    acknowledged: tracked - pending - rejected,
    pending,
    rejected,
    quarantined: head.quarantined,
  }
}

function stateOf({ head, body, events }: Ready): State {
  if (body === null) throw new TypeError('the store has a head without a body; erase it')
  return { head, body, events }
}

function writtenFrom<Result>(found: Found, state: State, result: Result): Write<Result> {
  if (found.head !== null && found.body !== null) {
    return written({ head: found.head, body: found.body, events: found.events }, state, result)
  }
  return { head: state.head, body: state.body, replace: state.events, result }
}
