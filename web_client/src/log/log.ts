/** The log of one tab: it appends to the store, and knows the profile without folding an event twice. */

import { randomEventId } from '../platform/random.js'
import { isObject } from '../reducer/canonical.js'
import { InvalidEvent } from '../reducer/errors.js'
import { validateEvent } from '../reducer/event.js'
import { merge } from '../reducer/fold.js'
import type { Spec } from '../reducer/spec.js'
import { createAppender, type NewEvent, type Presence, type Queued } from './appender.js'
import { beginLog } from './begin.js'
import { correctedMs, mended, mendingMs, ticked } from './clock.js'
import { ClockMended, EventsQuarantined, ManyPending, Outdated, StoreFailed } from './errors.js'
import { isHead } from './head.js'
import { adoptJournals, appended, createJournal, type JournalStorage, noted } from './journal.js'
import { type Folded, foldedWith, isWhole, nextRead, type ReadOut } from './readout.js'
import { refusedRows } from './specs.js'
import { compacted, MAX_DIFF_EVENTS, quarantined, RowsMissing, rowsOf, type State, written } from './state.js'
import type { Diff, Found, Head, Quarantine, Read, Store, StoredEvent, Write } from './store/store.js'

export { beginLog } from './begin.js'
export type { ReadOut } from './readout.js'

// A log that no server acknowledges keeps this many rows, and is folded down once it has a tenth more.
const UNSENT_ROWS = 10_000
// What a full device still keeps of a log that no server has acknowledged.
const FULL_ROWS = 2 * MAX_DIFF_EVENTS
// No pending event may be dropped, nor folded: its row says which of the server's timelines is ours. So many are too many to be normal.
const MANY_PENDING = 10_000

/** tracked = acknowledged + pending + rejected, always. */
export interface Counts {
  readonly tracked: number
  /** The server has them, or it has them no longer to be sent: in the contribution of this replica or another. */
  readonly acknowledged: number
  readonly pending: number
  readonly rejected: number
  /** How many of the pending events are held apart, since the server or a newer spec refused them. */
  readonly quarantined: number
}

export interface Log {
  /** Append an event; it is durable when this resolves.
   *
   *  @throws InvalidEvent the spec refuses it; that is counted. */
  track(type: string, data: unknown): Promise<StoredEvent>
  /** Tick the clock and return the profile: what any tab tracks from now on has time >= nowMs.
   *
   *  @throws Outdated no client has known a spec of this log yet. */
  read(): Promise<ReadOut>
  /** Change the state in one transaction.
   *
   *  @throws Outdated a newer client has moved the log to another spec. */
  change<Result>(decide: (state: State) => Changed<Result>, options?: ChangeOptions): Promise<Result>
  /** Fold by this spec from now on; the log began without one. */
  setSpec(spec: Spec): Promise<void>
  /** The head as this tab last saw it. */
  head(): Head
  /** Whether a newer client has moved the log to another spec: this tab appends and reads out, and does nothing else. */
  outdated(): boolean
  /** The diff that is sealed and durable, as this tab last saw it: it may be sent at any moment. */
  sealedAhead(): Diff | null
  /** See what other tabs have made of the head. */
  look(): Promise<void>
  /** Take another tab's word for the head, where it is newer. */
  hear(head: unknown): void
  counts(): Counts
  /** By aggregate hash: since when those counted at the last read-out that did not count all events; null before the first. */
  sinceMs(): ReadonlyMap<string, number> | null
  /** What is lost if the page is left now, in words; null where it is nothing that was resolved. */
  mayLose(): string | null
  /** Tell whether the page is leaving. */
  presence(now: Presence): void
  flush(): Promise<void>
  close(): Promise<void>
}

export interface Changed<Result> {
  readonly state: State
  readonly result: Result
}

export interface ChangeOptions {
  /** Wait for the disk. */
  readonly strict?: boolean
  /** Rows are read after this seq; by default from the first on. */
  readonly after?: number
  /** Allow it by whatever spec the log is. */
  readonly anySpec?: boolean
}

export interface LogOptions {
  readonly name: string
  /** Null while it is not known: events are taken as they are, and checked when it is. */
  readonly spec: Spec | null
  /** The wall clock, milliseconds since the Unix epoch. */
  readonly wall: () => number
  /** When the client was opened, by the wall clock; now by default. */
  readonly openedMs?: number
  /** A moment that is surely past: the wall clock is false below it. */
  readonly notBeforeMs?: number
  /** Whether a server acknowledges events; if not, old rows are folded. */
  readonly synced: boolean
  /** Where a leaving page writes; null for nowhere. */
  readonly journal?: JournalStorage | null
  readonly onAppend: (types: readonly string[]) => void
  readonly onChange: () => void
  readonly onOutdated?: (told: Outdated) => void
  readonly onError: (error: Error) => void
}

type Ready = Found & { readonly head: Head }

/** Return the log in a store that `beginLog` has begun; what a page that left has journaled is appended first. */
export async function openLog(store: Store, options: LogOptions): Promise<Log> {
  const { openedMs = options.wall() } = options
  let head = await beginLog(store, options.spec, options.wall(), {
    openedMs,
    onQuarantined: ({ events, problem }) => options.onError(new EventsQuarantined(events, problem)),
  })
  const adopted = await adoptJournals(options.name, store, options.journal ?? null).catch((error: Error) => {
    options.onError(error)
    return 0
  })
  if (adopted > 0) head = (await store.transact({}, (found) => ({ result: found.head }))) ?? head
  return createLog(store, head, options)
}

/** Return the log in a store that `beginLog` has begun. */
export function createLog(store: Store, first: Head, options: LogOptions): Log {
  const { wall, synced, onError, notBeforeMs = 0 } = options
  const { openedMs = wall() } = options
  let { spec } = options
  let head = first
  let folded: Folded | null = null
  let sealed: Diff | null = null
  let [manyTold, outdatedTold] = [false, false]
  // Whether a transaction failed of which nobody knows what it wrote.
  let uncertain = false
  const journal = createJournal(options.name, options.journal ?? null)
  const appender = createAppender({
    commit,
    journal,
    now: () => Math.max(correctedMs(head, wall()), head.time),
    makeRoom: () => bound(FULL_ROWS),
    onError,
  })

  const isOutdated = () => spec !== null && head.spec !== spec.id

  function saw(next: Head): void {
    head = next
    tellOutdated()
    options.onChange()
  }

  function tellOutdated(): void {
    if (spec === null || !isOutdated() || outdatedTold) return
    outdatedTold = true
    options.onOutdated?.(new Outdated(spec.id, head.spec))
  }

  /** A transaction on a store that has a head; one that was cleared under an open page begins again, one that failed is tried again. */
  async function transact<Result>(
    read: Read,
    decide: (found: Ready) => Write<Result>,
    { again = read, onDone }: { readonly again?: Read; readonly onDone?: () => void } = {},
  ): Promise<Result> {
    for (let failed = false; ; ) {
      const attempt = store.transact(
        failed ? again : read,
        (found): Write<{ head: Head; result: Result } | null> => {
          if (found.head === null) return { result: null }
          const write = decide({ ...found, head: found.head })
          return { ...write, result: { head: write.head ?? found.head, result: write.result } }
        },
      )
      const done = await attempt.catch((error: unknown) => {
        if (!(error instanceof StoreFailed) || error.full || failed) throw error
        failed = true
        return 'failed' as const
      })
      if (done === 'failed') continue
      if (done !== null) {
        onDone?.()
        saw(done.head)
        return done.result
      }
      await begin()
    }
  }

  function begin(): Promise<Head> {
    return beginLog(store, spec, wall(), { openedMs, onQuarantined: tellQuarantined })
  }

  function tellQuarantined({ events, problem }: Quarantine): void {
    onError(new EventsQuarantined(events, problem))
  }

  async function change<Result>(
    decide: (state: State) => Changed<Result>,
    { strict = false, after = 0, anySpec = false }: ChangeOptions = {},
  ): Promise<Result> {
    // Almost always the rows about what is acknowledged are all that is needed; there may be thousands after them.
    const window: Read = { body: true, after, upTo: head.acked + MAX_DIFF_EVENTS, strict }
    for (const read of [window, { body: true, after: 0, strict }]) {
      let quarantine: readonly Quarantine[] = []
      let timeMs = 0
      const done = await transact(read, (found): Write<Changed<Result> | null> => {
        const before = stateOf(found)
        timeMs = before.head.time
        if (!anySpec && before.head.spec !== spec?.id) throw new Outdated(spec?.id ?? null, before.head.spec)
        try {
          const changed = decide(before)
          quarantine = changed.state.body.quarantine.filter(
            (entry) => !before.body.quarantine.includes(entry),
          )
          return written(before, changed.state, changed)
        } catch (error) {
          if (error instanceof RowsMissing) return { result: null }
          throw error
        }
      })
      if (done === null) continue
      sealed = done.state.body.sealed
      quarantine.forEach(tellQuarantined)
      const { time } = done.state.head
      if (time < timeMs) onError(new ClockMended(timeMs, time))
      return done.result
    }
    throw new RowsMissing('all rows suffice always')
  }

  async function commit(
    batch: readonly Queued[],
    refused: number,
    onDone: () => void,
  ): Promise<readonly StoredEvent[]> {
    await mendClock()
    const again: Read = { after: 0 }
    const read: Read = uncertain ? again : {}
    uncertain = true
    const events = await transact(
      read,
      ({ head: before, events: rows }) => {
        const held = new Map(rows.map((row) => [row.id, row]))
        // What a transaction or another tab has written already is not written again.
        const isIn = ({ event, journaled }: Queued) =>
          held.has(event.id) ||
          (journaled?.number ?? Number.POSITIVE_INFINITY) <= (before.journals[journal.tab] ?? 0)
        const fresh = batch.filter((queued) => !isIn(queued))
        const time = ticked(before, wall())
        const append = fresh.map(({ event, journaled }, index) => {
          const at = journaled?.time ?? (fresh.length > 0 ? time.time : before.time)
          return Object.freeze({ ...event, seq: before.last + 1 + index, time: at })
        })
        const number = Math.max(0, ...batch.map((queued) => queued.journaled?.number ?? 0))
        const counted = appended(fresh.length > 0 ? time : before, append)
        const after: Head = {
          ...(number > 0 ? noted(counted, journal.tab, number) : counted),
          tracked: counted.tracked + refused,
          rejected: before.rejected + refused,
        }
        const added = new Map(append.map((event) => [event.id, event]))
        const result = batch.map(
          ({ event }) =>
            added.get(event.id) ?? held.get(event.id) ?? { ...event, seq: before.last, time: before.time },
        )
        return { head: after, append, result }
      },
      { again, onDone },
    )
    uncertain = false
    if (events.length > 0) options.onAppend([...new Set(events.map((event) => event.type))])
    if (!synced && !isOutdated() && head.last - head.compacted > 1.1 * UNSENT_ROWS) {
      // The events are written, whatever becomes of this.
      await bound(UNSENT_ROWS).catch(onError)
    }
    tellMany()
    return events
  }

  function tellMany(): void {
    const pending = head.last - head.acked
    const many = synced && pending > MANY_PENDING
    if (many && !manyTold) onError(new ManyPending(pending, MANY_PENDING))
    manyTold = many
  }

  /** Bring the log's time back where it was false. */
  async function mendClock(): Promise<void> {
    if (mendingMs(head, wall(), notBeforeMs) === null) return
    await change(
      (state) => {
        const nowMs = mendingMs(state.head, wall(), notBeforeMs)
        return { state: nowMs === null ? state : mended(state, nowMs), result: undefined }
      },
      { anySpec: true },
    )
  }

  /** Fold rows that nobody needs one by one. */
  function bound(rows: number): Promise<void> {
    return change((state) => {
      const by = spec as Spec
      const { acked, last } = state.head
      // A log of which nothing was acknowledged may be folded anywhere: it is sent as one contribution.
      const upTo = !synced && acked === 0 ? last - rows : acked - MAX_DIFF_EVENTS
      const refused = refusedRows(by, rowsOf(state, Math.max(acked, state.head.compacted) + 1, upTo))
      const rest = refused.length === 0 ? state : quarantined(state, refused, 'InvalidEvent', wall())
      return { state: compacted(by, rest, upTo - refused.length), result: undefined }
    })
  }

  async function read(): Promise<ReadOut> {
    if (spec === null) throw new Outdated(null, head.spec)
    const by = spec
    await mendClock()
    for (;;) {
      const known = folded
      const wanted = nextRead(known, head)
      const found = await transact(
        wanted,
        (piece): Write<{ piece: Ready; next: Folded | null; nowMs: number }> => {
          const next = foldedWith(by, known, wanted, piece)
          const now = ticked(piece.head, wall(), piece.head.time + 1)
          const whole = next !== null && isWhole(next, piece.head)
          return { ...(whole ? { head: now } : {}), result: { piece, next, nowMs: whole ? now.time : 0 } }
        },
      )
      folded = found.next
      if (folded === null || found.nowMs === 0) continue
      const { others, mine, attributes, sinceMs } = folded
      const profile = merge(by, others, mine)
      // Another device's clock may be ahead of ours: its events are counted, and our clock stays.
      const nowMs = Math.max(found.nowMs, (profile.lastMs ?? -1) + 1)
      return { nowMs, profile, attributes, sinceMs }
    }
  }

  tellOutdated()
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
    async setSpec(next) {
      spec = next
      await begin()
      folded = null
      await transact({}, () => ({ result: undefined }))
    },
    head: () => head,
    outdated: isOutdated,
    sealedAhead: () => (isOutdated() ? null : sealed),
    look: () => transact({}, () => ({ result: undefined })),
    hear(told) {
      if (isHead(told) && (told.last > head.last || told.revision > head.revision)) saw(told)
    },
    counts: () => countsOf(head, appender.waiting()),
    sinceMs: () => folded?.sinceMs ?? null,
    mayLose: () =>
      store.mayLose ??
      (appender.failure() === null || appender.waiting().events === 0
        ? null
        : `${appender.waiting().events} events that could not be written yet`),
    presence: appender.presence,
    flush: appender.flush,
    close: appender.close,
  }
}

/** Return the event with data of its own, read once: what the page changes afterwards, or computes on access, is no matter. */
function newEvent(spec: Spec | null, type: unknown, given: unknown): NewEvent {
  let data: unknown = given
  if (isObject(given)) {
    data = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  }
  const id = randomEventId()
  if (spec === null) return { id, ...unchecked(type, data) }
  const kept = validateEvent(spec, { type, time: 0, data })
  return { id, type: kept.type, data: Object.freeze(data) as StoredEvent['data'] }
}

/** An event whose spec is not known yet has at least an event's form. */
function unchecked(type: unknown, data: unknown): Omit<NewEvent, 'id'> {
  if (typeof type !== 'string') throw new InvalidEvent(null, 'type', type, 'the name of an event type')
  const isScalar = (value: unknown) =>
    value === null || ['number', 'string', 'boolean'].includes(typeof value)
  if (!isObject(data) || !Object.values(data).every(isScalar)) {
    throw new InvalidEvent(type, 'data', data, 'an object of numbers, strings and booleans')
  }
  return { type, data: Object.freeze(data) as StoredEvent['data'] }
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
