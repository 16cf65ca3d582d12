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
}

/** The scalars of the log: small, since every append rewrites them. */
export interface Head {
  readonly format: 1
  /** The id of the spec that `Body`'s profiles were folded by. */
  readonly spec: string
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
  /** Events up to this seq have no row: they are folded into `base`. */
  readonly compacted: number
  /** Events up to this seq are in the server's contribution of this replica. */
  readonly acked: number
  /** Whether the next diff is the whole contribution. */
  readonly whole: boolean
  /** At most so many events go into the next diff. */
  readonly limit: number
  /** Only events up to this time are sent, since the server's clock is behind; null where none is held back. */
  readonly sendUpToMs: number | null
  /** Calls of `track` since the log began, those refused included. */
  readonly tracked: number
  readonly rejected: number
  /** The number of events in quarantine. */
  readonly quarantined: number
  /** When the server last answered, by this device's clock. */
  readonly syncedMs: number | null
}

/** Events that the server refused, taken out of the log so that the rest goes on; they still count on this device. */
export interface Quarantine {
  readonly sinceMs: number
  /** The name of the server's problem. */
  readonly problem: string
  readonly events: readonly StoredEvent[]
}

/** The large part, rewritten only by a sync. Profiles are canonical JSON. */
export interface Body {
  /** The profile of the events up to `compacted`. */
  readonly base: string
  /** What the server last told of the subject's other replicas. */
  readonly others: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly sealed: Diff | null
  readonly quarantine: readonly Quarantine[]
}

/** What one transaction reads. */
export interface Read {
  /** Whether the body is read. */
  readonly body?: boolean
  /** Rows with a larger seq are read; left out, none are. */
  readonly after?: number
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
