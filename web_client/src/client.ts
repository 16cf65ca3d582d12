/** `openClient`: the log, the bundle, the sync and the page, put together. */

import { type BundleFiles, type Label, openBundle, type ScoringBundle } from './bundle/index.js'
import { createCourier, type SyncReport } from './courier.js'
import { features } from './features.js'
import { createListeners } from './listeners.js'
import { withLock } from './lock.js'
import { beginLog, type Counts, createLog, type Log } from './log.js'
import { asError, ClientClosed } from './problems.js'
import type { Profile } from './profile.js'
import { randomReplica } from './random.js'
import { createSchedule, type Schedule } from './schedule.js'
import type { Spec } from './spec.js'
import { forgotten } from './state.js'
import { openStore, type StoreKind } from './store/open.js'
import type { Head, Store, StoredEvent } from './store/store.js'
import { openTabs } from './tabs.js'
import { openTransport, type SyncOptions, type Transport } from './transport.js'

const MAX_ERRORS = 20

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

interface ClientEvents {
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

interface Parts {
  readonly name: string
  readonly wall: () => number
  readonly bundle: ScoringBundle
  readonly store: Store
  readonly head: Head
  readonly transport: Transport | null
  /** Ends requests, and the wait for other tabs. */
  readonly ending: AbortController
  readonly ownStore: boolean
  readonly ownBundle: boolean
}

function assemble(parts: Parts): { client: Client; report: (error: Error) => void } {
  const { name, wall, bundle, store, transport } = parts
  const { spec } = bundle
  const listeners = createListeners<ClientEvents>()
  const errors: Error[] = []
  let closing: Promise<void> | null = null
  let lastReport: SyncReport | null = null
  let schedule: Schedule | null = null
  let statusDue = false

  function report(error: Error): void {
    errors.push(error)
    errors.splice(0, errors.length - MAX_ERRORS)
    listeners.emit('error', error)
    changed()
  }

  /** Listeners of 'status' hear of several changes at once. */
  function changed(): void {
    if (statusDue || !listeners.has('status')) return
    statusDue = true
    queueMicrotask(() => {
      statusDue = false
      listeners.emit('status', status())
    })
  }

  const log: Log = createLog(store, parts.head, {
    spec,
    wall,
    synced: transport !== null,
    onAppend(types) {
      tabs.tell({ events: types, changed: false })
      schedule?.touch()
      arrived(types)
    },
    onChange: changed,
    onError: report,
  })
  const rescore = coalesced(
    async () => {
      const result = await score()
      if (closing === null) listeners.emit('score', result)
    },
    (error) => {
      if (closing === null) report(error)
    },
  )
  const arrived = (types: readonly string[]) => {
    const triggers = types.some((type) => spec.triggers.includes(type))
    if (closing === null && triggers && listeners.has('score')) rescore()
  }
  const tabs = openTabs(name, ({ events, changed: other }) => {
    if (events.length > 0) schedule?.touch()
    arrived(events)
    if (other) changed()
  })

  async function score(): Promise<ScoreResult> {
    const { nowMs, profile, attributes } = await log.read()
    const row = features(spec, profile, nowMs, { attributes })
    return { ...(await bundle.score(row)), features: row, now: nowMs, profile }
  }

  function onReport(ended: SyncReport): void {
    if (closing !== null) return
    lastReport = ended
    if (ended.error !== null) report(ended.error)
    if (ended.steps.length > 0) tabs.tell({ events: [], changed: true })
    listeners.emit('sync', ended)
    changed()
  }

  function status(): Status {
    const { replica, syncedMs } = log.head()
    return {
      ...log.counts(),
      replica,
      spec: spec.id,
      closed: closing !== null,
      sync: lastReport,
      syncedMs,
      store: { kind: store.kind, mayLose: store.mayLose },
      errors: [...errors],
    }
  }

  async function erase(): Promise<void> {
    await log.flush()
    await withLock(`${name}:sync`, async () => {
      const epoch = transport === null ? null : await transport.erase()
      await log.change((state) => {
        const fresh = forgotten(spec, state, randomReplica(), epoch)
        return { state: fresh, result: undefined }
      }, true)
    })
    tabs.tell({ events: [], changed: true })
  }

  async function close(): Promise<void> {
    parts.ending.abort(new ClientClosed('sync'))
    await schedule?.stop()
    await log.close()
    tabs.close()
    if (parts.ownStore) await store.close()
    if (parts.ownBundle) await bundle.close()
  }

  /** Refuse calls after close(). */
  function whileOpen<Arguments extends unknown[], Result>(
    call: string,
    run: (...given: Arguments) => Promise<Result>,
  ): (...given: Arguments) => Promise<Result> {
    return async (...given) => {
      if (closing !== null) throw new ClientClosed(call)
      return await run(...given)
    }
  }

  if (transport !== null) {
    const courier = createCourier({
      name,
      spec,
      log,
      transport,
      wall,
      ending: parts.ending.signal,
      onError: report,
    })
    schedule = createSchedule(async (ask) => {
      await log.flush()
      return await courier.run(ask)
    }, onReport)
  }

  const client: Client = {
    spec,
    track: whileOpen('track', (type: string, data: Readonly<Record<string, unknown>> = {}) =>
      log.track(type, data),
    ),
    score: whileOpen('score', score),
    on: listeners.on,
    sync: whileOpen('sync', async () => {
      const localOnly = { outcome: 'local_only', steps: [], error: null, retryAfterMs: 0 } as const
      return schedule === null ? localOnly : await schedule.now()
    }),
    status,
    export: whileOpen('export', () => exported(spec, log)),
    erase: whileOpen('erase', erase),
    close: () => {
      closing ??= close()
      return closing
    },
  }
  return { client, report }
}

async function exported(spec: Spec, log: Log): Promise<Record<string, unknown>> {
  await log.flush()
  const { head, body, events } = await log.change((state) => ({ state, result: state }))
  const profiles = { base: JSON.parse(body.base) as unknown, others: JSON.parse(body.others) as unknown }
  const sealed = body.sealed && { ...body.sealed, delta: JSON.parse(body.sealed.delta) as unknown }
  return structuredClone({
    spec: JSON.parse(spec.json) as unknown,
    head,
    events,
    ...body,
    ...profiles,
    sealed,
  })
}

/** Return a function that runs a task once for all the calls that come while it runs. */
function coalesced(task: () => Promise<void>, onError: (error: Error) => void): () => void {
  let running = false
  let again = false
  return async function run(): Promise<void> {
    again = true
    if (running) return
    running = true
    while (again) {
      again = false
      await task().catch((error: unknown) => onError(asError(error)))
    }
    running = false
  }
}
