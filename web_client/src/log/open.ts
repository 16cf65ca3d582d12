/** The log of one tab, put together: it appends to the store, and knows the profile without folding an event twice. */

import { merge } from '../reducer/fold.js'
import type { Spec } from '../reducer/spec.js'
import { createAppender, type Queued } from './appender.js'
import { beginLog } from './begin.js'
import { correctedMs, mended, mendingMs, ticked } from './clock.js'
import { countsOf } from './counts.js'
import { EventsQuarantined, ManyPending, Outdated } from './errors.js'
import { isHead } from './head.js'
import { adoptJournals, appended, createJournal, noted } from './journal.js'
import type { Log, LogOptions } from './log.js'
import { type NewEvent, newEvent } from './new_event.js'
import { type Folded, foldedWith, isWhole, nextRead, type ReadOut } from './readout.js'
import { refusedRows } from './specs.js'
import { compacted, MAX_DIFF_EVENTS, quarantined, rowsOf } from './state.js'
import type { Head, Read, Store, StoredEvent, Write } from './store/store.js'
import { createTransactions, type Ready } from './transactions.js'

// A log that no server acknowledges keeps this many rows, and is folded down once it has a tenth more.
const UNSENT_ROWS = 10_000
// What a full device still keeps of a log that no server has acknowledged.
const FULL_ROWS = 2 * MAX_DIFF_EVENTS
// No pending event may be dropped, nor folded: its row says which of the server's timelines is ours. So many are too many to be normal.
const MANY_PENDING = 10_000

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

function createLog(store: Store, first: Head, options: LogOptions): Log {
  const { wall, synced, onError, notBeforeMs = 0 } = options
  const log = createTransactions(store, first, options)
  let folded: Folded | null = null
  let manyTold = false
  // Whether a transaction failed of which nobody knows what it wrote.
  let uncertain = false
  const journal = createJournal(options.name, options.journal ?? null)
  const appender = createAppender({
    commit,
    journal,
    now: () => Math.max(correctedMs(log.head(), wall()), log.head().time),
    makeRoom: () => bound(FULL_ROWS),
    onError,
  })
  const look = () => log.transact({}, () => ({ result: undefined }))

  async function commit(
    batch: readonly Queued[],
    refused: number,
    onDone: () => void,
  ): Promise<readonly StoredEvent[]> {
    await mendClock()
    const again: Read = { after: 0 }
    const read: Read = uncertain ? again : {}
    uncertain = true
    const events = await log.transact(
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
    if (!synced && !log.outdated() && log.head().last - log.head().compacted > 1.1 * UNSENT_ROWS) {
      // The events are written, whatever becomes of this.
      await bound(UNSENT_ROWS).catch(onError)
    }
    tellMany()
    return events
  }

  function tellMany(): void {
    const pending = log.head().last - log.head().acked
    const many = synced && pending > MANY_PENDING
    if (many && !manyTold) onError(new ManyPending(pending, MANY_PENDING))
    manyTold = many
  }

  /** Bring the log's time back where it was false. */
  async function mendClock(): Promise<void> {
    if (mendingMs(log.head(), wall(), notBeforeMs) === null) return
    await log.change(
      (state) => {
        const nowMs = mendingMs(state.head, wall(), notBeforeMs)
        return { state: nowMs === null ? state : mended(state, nowMs), result: undefined }
      },
      { anySpec: true },
    )
  }

  /** Fold rows that nobody needs one by one. */
  function bound(rows: number): Promise<void> {
    return log.change((state) => {
      const by = log.spec() as Spec
      const { acked, last } = state.head
      // A log of which nothing was acknowledged may be folded anywhere: it is sent as one contribution.
      const upTo = !synced && acked === 0 ? last - rows : acked - MAX_DIFF_EVENTS
      const refused = refusedRows(by, rowsOf(state, Math.max(acked, state.head.compacted) + 1, upTo))
      const rest = refused.length === 0 ? state : quarantined(state, refused, 'InvalidEvent', wall())
      return { state: compacted(by, rest, upTo - refused.length), result: undefined }
    })
  }

  async function read(): Promise<ReadOut> {
    const by = log.spec()
    if (by === null) throw new Outdated(null, log.head().spec)
    await mendClock()
    for (;;) {
      const known = folded
      const wanted = nextRead(known, log.head())
      const found = await log.transact(
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

  return {
    async track(type, data) {
      let event: NewEvent
      try {
        event = newEvent(log.spec(), type, data)
      } catch (error) {
        appender.refuse()
        throw error
      }
      return await appender.append(event)
    },
    read,
    change: log.change,
    async setSpec(next) {
      log.setSpec(next)
      await log.begin()
      folded = null
      await look()
    },
    head: log.head,
    outdated: log.outdated,
    sealedAhead: log.sealed,
    look,
    hear(told) {
      if (!isHead(told)) return
      const { last, revision } = log.head()
      if (told.last > last || told.revision > revision) log.saw(told)
    },
    counts: () => countsOf(log.head(), appender.waiting()),
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
