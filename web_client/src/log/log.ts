/** What a log is: interfaces only; `open.ts` makes one. */

import type { Spec } from '../reducer/spec.js'
import type { Presence } from './appender.js'
import type { Counts } from './counts.js'
import type { Outdated } from './errors.js'
import type { JournalStorage } from './journal.js'
import type { ReadOut } from './readout.js'
import type { State } from './state.js'
import type { Diff, Head, StoredEvent } from './store/store.js'

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
