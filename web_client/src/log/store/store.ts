/** What the device keeps, and the one verb through which everything changes it. */

/** An event as the log keeps it: one row. `data` is as it was tracked, so that it can be folded again by any spec. */
export interface StoredEvent {
  /** 1, 2, 3 … per replica, without holes. */
  readonly seq: number
  /** 48 random bits, 8 base64url characters. */
  readonly id: string
  readonly type: string
  /** Milliseconds since the Unix epoch, by the log's clock. */
  readonly time: number
  readonly data: Readonly<Record<string, number | string | boolean | null>>
  /** Its data are in `base` already, since the log's spec refuses what an earlier one took; the row stays for its id. */
  readonly folded?: true
}

/** The profile of the events `from..to` of one replica, sealed: it never changes again. `from` 0 is the whole contribution. */
export interface Diff {
  readonly replica: string
  readonly spec: string
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly prev: string
  readonly ids: readonly string[]
  /** The profile's canonical JSON. */
  readonly delta: string
  /** By aggregate hash: since when those count that do not count all events, milliseconds since the Unix epoch. */
  readonly since: Readonly<Record<string, number>>
  /** The tag of the subject whose events these are; null until a server has told it. */
  readonly subject: string | null
}

/** The scalars of the log: small, since every append rewrites them. */
export interface Head {
  readonly format: 2
  /** The id of the spec by which the log is folded and sealed; '' until a client has known one. A tab of another spec is outdated. */
  readonly spec: string
  /** When the client was opened that set the spec, by the wall clock: one that was opened earlier leaves it. */
  readonly movedMs: number
  /** The tag of the subject whose log this is; null until a server has told it. */
  readonly subject: string | null
  readonly replica: string
  /** The subject's epoch; null until a server has told it. */
  readonly epoch: number | null
  /** Grows when rows change in any way but by appending and compacting: what was folded of them is void. */
  readonly generation: number
  /** Grows with each change of the body. */
  readonly revision: number
  /** The seq of the last event. */
  readonly last: number
  /** The last time given out, by the log's clock. */
  readonly time: number
  /** By how much the wall clock was ahead of the server's when it last answered, in milliseconds; 0 within a minute. */
  readonly aheadMs: number
  /** Since when the wall clock stands below `time`, by the wall clock; null while it does not. */
  readonly belowMs: number | null
  /** Events up to this seq have no row: they are folded into `base`. */
  readonly compacted: number
  /** Events up to this seq are in the server's contribution of this replica. */
  readonly acked: number
  /** Whether the next diff is the whole contribution. */
  readonly whole: boolean
  /** At most so many events go into the next diff. */
  readonly limit: number
  /** The server asked for silence until then, by the wall clock. */
  readonly quietUntilMs: number
  /** Calls of `track` since the log began, those refused included. */
  readonly tracked: number
  readonly rejected: number
  /** The number of events in quarantine. */
  readonly quarantined: number
  /** When the server last answered, by this device's clock. */
  readonly syncedMs: number | null
  /** By journal: up to which of its numbers its events are in the log. */
  readonly journals: Readonly<Record<string, number>>
}

/** Events that the server refused, taken out of the log so that the rest goes on; they still count on this device. */
export interface Quarantine {
  readonly sinceMs: number
  /** The name of the server's problem. */
  readonly problem: string
  readonly events: readonly StoredEvent[]
}

/** The large part, rewritten only by a sync. */
export interface Body {
  /** The kept profile (SEMANTICS.md) of the events up to `compacted`, as JSON. */
  readonly base: string
  /** The kept profile of what the server last told of the subject's other replicas, as JSON. */
  readonly others: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly sealed: Diff | null
  readonly quarantine: readonly Quarantine[]
  /** By id: the specs whose aggregates `base` goes on to count, so that going back to one loses nothing. */
  readonly specs: Readonly<Record<string, KeptSpec>>
}

export interface KeptSpec {
  readonly json: string
  /** When a client last opened the log by it, by the wall clock. */
  readonly usedMs: number
}

/** What one transaction reads. */
export interface Read {
  /** Whether the body is read. */
  readonly body?: boolean
  /** Rows with a larger seq are read; left out, none are. */
  readonly after?: number
  /** Rows up to this seq are read; left out, all are. */
  readonly upTo?: number
  /** Whether the write must have reached the disk, not only the operating system, before it resolves. */
  readonly strict?: boolean
}

/** What was read: null before the first write, or where it was not asked for. Events are in order of seq. */
export interface Found {
  readonly head: Head | null
  readonly body: Body | null
  readonly events: readonly StoredEvent[]
}

/** What one transaction writes; what is left out stays as it is. */
export interface Write<Result> {
  readonly head?: Head
  readonly body?: Body
  readonly append?: readonly StoredEvent[]
  /** Rows up to this seq are deleted. */
  readonly forget?: number
  /** All rows are replaced by these. */
  readonly replace?: readonly StoredEvent[]
  readonly result: Result
}

/** A durable place for one log. */
export interface Store {
  /** 'indexeddb', 'localstorage', 'memory', or the name of your own. */
  readonly kind: string
  /** What a crash of the device's browser can take with it, in words; null where it is nothing that was resolved. */
  readonly mayLose: string | null
  /** Read, decide and write, with no other transaction of any tab in between.
   *
   *  `decide` is synchronous and pure: a store may call it again. If it throws, nothing is written.
   *  Resolves with its result once the write is as durable as was asked.
   *
   *  @throws StoreFailed with `full` set where the device has no room. */
  transact<Result>(read: Read, decide: (found: Found) => Write<Result>): Promise<Result>
  /** Release what is held; a later transaction may open it again. */
  close(): Promise<void>
}
