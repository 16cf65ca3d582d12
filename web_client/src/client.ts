/** `openClient`: the log, the bundle, the sync and the page, put together. */

import { assemble } from './assemble.js'
import { type BundleFiles, type Label, openBundle, type ScoringBundle } from './bundle/index.js'
import type { SyncReport } from './courier.js'
import { beginLog, type Counts } from './log.js'
import type { Profile } from './profile.js'
import type { Spec } from './spec.js'
import { openStore, type StoreKind } from './store/open.js'
import type { Head, Store, StoredEvent } from './store/store.js'
import { openTransport, type SyncOptions } from './transport.js'

export interface ClientOptions {
  /** A bundle's URL, its files, or one that is open already. */
  readonly bundle: string | BundleFiles | ScoringBundle
  /** Where profiles are merged. Left out, the client is local-only: it makes no request. */
  readonly sync?: SyncOptions
  /** 'indexeddb' by default; the next best is taken where the browser refuses it. */
  readonly store?: StoreKind | Store
  /** The name of the log on this device: one per user of a shared device. */
  readonly name?: string
  /** Milliseconds since the Unix epoch; `Date.now` by default. */
  readonly clock?: () => number
  readonly fetch?: typeof fetch
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
}

export interface Status extends Counts {
  readonly replica: string
  /** The spec's id. */
  readonly spec: string
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
}

export interface Client {
  readonly spec: Spec
  /** Append an event to the log; it is durable when this resolves.
   *
   *  @throws InvalidEvent the spec refuses it; `status().rejected` counts it. */
  track(type: string, data?: Readonly<Record<string, unknown>>): Promise<StoredEvent>
  /** Score the profile as it is now. */
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
  /** Write what waits, and stop; repeating it is harmless. */
  close(): Promise<void>
}

/** Open a client. Its requests run beside it: an answer is never waited for. */
export async function openClient(options: ClientOptions): Promise<Client> {
  const { name = 'edgefold', clock = Date.now, sync } = options
  const wall = () => {
    const now = Math.floor(clock())
    return Number.isSafeInteger(now) && now > 0 ? now : 0
  }
  const pageFetch: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const given = options.bundle
  const own = typeof given === 'string' || !('score' in given)
  const bundle = own
    ? await openBundle(given as string | BundleFiles, options.fetch ? { fetch: options.fetch } : {})
    : (given as ScoringBundle)
  try {
    const { store, head, refused } = await beginStore(options.store ?? 'indexeddb', name, bundle.spec, wall)
    const ending = new AbortController()
    const transport = sync === undefined ? null : openTransport(bundle.spec, sync, pageFetch, ending.signal)
    const client = assemble({
      name,
      wall,
      bundle,
      store,
      head,
      transport,
      ending,
      ownStore: store !== options.store,
      ownBundle: own,
    })
    for (const error of refused) client.report(error)
    if (own && bundle.problem !== null) client.report(bundle.problem)
    return client.client
  } catch (error) {
    if (own) await bundle.close()
    throw error
  }
}

async function beginStore(kind: StoreKind | Store, name: string, spec: Spec, wall: () => number) {
  if (typeof kind === 'object') return { store: kind, head: await beginLog(kind, spec, wall()), refused: [] }
  let head: Head | undefined
  const opened = await openStore(kind, name, async (store) => {
    head = await beginLog(store, spec, wall())
  })
  return { ...opened, head: head as Head }
}
