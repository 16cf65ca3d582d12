/** What a client is: interfaces only; `open.ts` makes one. */

import type { BundleFiles, Label, ScoringBundle } from '../bundle/index.js'
import type { Counts } from '../log/counts.js'
import type { Outdated } from '../log/errors.js'
import type { StoreKind } from '../log/store/open.js'
import type { Store, StoredEvent } from '../log/store/store.js'
import type { Lifecycle } from '../platform/lifecycle.js'
import type { Profile } from '../reducer/profile.js'
import type { Spec } from '../reducer/spec.js'
import type { SyncReport } from '../sync/courier.js'
import type { SyncOptions } from '../sync/transport.js'

export interface ClientOptions {
  /** A bundle's URL, its files, or one that is open already. */
  readonly bundle: string | BundleFiles | ScoringBundle
  /** Where profiles are merged. Left out, the client is local-only: it makes no request. */
  readonly sync?: SyncOptions
  /** 'indexeddb' by default; the next best is taken where the browser refuses it. */
  readonly store?: StoreKind | Store | ((name: string) => Store)
  /** The name of the anonymous log on this device; each subject's has one of its own, made from it. */
  readonly name?: string
  /** Whose log is opened, as `identify` names them; left out, the log that was last in use. */
  readonly subject?: string
  /** The reducer spec, as JSON or its text: an app that ships it folds and syncs before any bundle has come. */
  readonly spec?: string | object
  /** Milliseconds since the Unix epoch; `Date.now` by default. */
  readonly clock?: () => number
  readonly fetch?: typeof fetch
  /** When the page is left, back and online; by default as the browser tells it. */
  readonly lifecycle?: Lifecycle
}

export interface ScoreResult {
  readonly score: number
  readonly label: Label
  readonly probabilities: readonly number[]
  /** The model's input row. */
  readonly features: Readonly<Record<string, number | string | null>>
  /** The events with time < now were counted; later ones have time >= now. */
  readonly now: number
  readonly profile: Profile
  /** By feature: since when (ms) those count that do not count all events, as after a new spec; the others count all. */
  readonly since: Readonly<Record<string, number>>
}

export interface Status extends Counts {
  readonly replica: string
  /** The spec's id; null while it is not known. */
  readonly spec: string | null
  /** By feature: since when (ms) those count that did not count all events at the last read-out; null before the first. */
  readonly since: Readonly<Record<string, number>> | null
  /** Whether a newer client keeps this log by another spec: this one tracks, and leaves the rest to it. */
  readonly outdated: boolean
  readonly closed: boolean
  /** How this tab's last sync ended; null before the first. */
  readonly sync: SyncReport | null
  /** When the server last answered any tab, milliseconds since the Unix epoch. */
  readonly syncedMs: number | null
  readonly store: { readonly kind: string; readonly mayLose: string | null }
  /** The last errors, oldest first. */
  readonly errors: readonly Error[]
}

/** What `on` tells of. */
export interface ClientEvents {
  score: ScoreResult
  sync: SyncReport
  status: Status
  error: Error
  /** A newer client has moved the log to another spec: reload the page. */
  outdated: Outdated
}

export interface Client {
  /** The bundle's spec; null until it is known. */
  readonly spec: Spec | null
  /** Append an event to the log; it is durable when this resolves. Nobody has to await it: what it rejects with, 'error' tells too.
   *
   *  @throws InvalidEvent the spec refuses it; `status().rejected` counts it. */
  track(type: string, data?: Readonly<Record<string, unknown>>): Promise<StoredEvent>
  /** Score the profile as it is now, once the model is there.
   *
   *  @throws why the bundle could not be opened. */
  score(): Promise<ScoreResult>
  /** Call a listener from now on; a score comes when an event that the spec names as a trigger was tracked in any tab.
   *
   *  @returns the function that ends it. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void
  /** Sync now; resolves with how it ended, never rejects for it. */
  sync(): Promise<SyncReport>
  status(): Status
  /** Return all that this device holds, as JSON values. */
  export(): Promise<Record<string, unknown>>
  /** Erase the subject on the server, then the log on this device, which begins as a new replica.
   *
   *  @throws NoAnswer or ServerProblem where the server could not be told; then nothing was erased. */
  erase(): Promise<void>
  /** Go on with the log of a subject: another person's events are never in it. Calls made after this one belong to it.
   *  `adopt` moves the anonymous log's events into it.
   *
   *  @throws InvalidOptions the subject is no text, or the store can't hold a second log. */
  identify(subject: string, options?: { readonly adopt?: boolean }): Promise<void>
  /** Go on with the anonymous log, as after a logout. */
  reset(): Promise<void>
  /** Write what waits, and stop; repeating it is harmless. */
  close(): Promise<void>
}
