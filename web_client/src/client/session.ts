/** One log in use: its store, its sync, and its word to the other tabs. A client has one session at a time; another subject is another
 *  session, and what began in one ends in it. */

import { adopt } from '../log/adopt.js'
import { asError, ClientClosed, type Outdated } from '../log/errors.js'
import { journalStorage } from '../log/journal.js'
import type { Log } from '../log/log.js'
import { openLog } from '../log/open.js'
import { openStore } from '../log/store/open.js'
import type { Store } from '../log/store/store.js'
import type { Lifecycle } from '../platform/lifecycle.js'
import { openTabs, type Tabs } from '../platform/tabs.js'
import { within } from '../platform/within.js'
import { isObject } from '../reducer/canonical.js'
import type { Spec } from '../reducer/spec.js'
import { type Ahead, createAhead } from '../sync/ahead.js'
import { createCourier, type SyncReport } from '../sync/courier.js'
import { quietLeftMs } from '../sync/quiet.js'
import { createSchedule, type Schedule } from '../sync/schedule.js'
import { openTransport } from '../sync/transport.js'
import { erase } from './erasure.js'
import { exported } from './export.js'
import type { Settings } from './options.js'

// A store may never answer; a page that closes its client waits so long for what it has not written.
const CLOSE_LIMIT_MS = 5_000

/** Which log, and of whom. */
export interface Place {
  readonly log: string
  /** As the page named them; null where it has not. */
  readonly subject: string | null
}

export interface Session {
  readonly place: Place
  readonly log: Log
  readonly store: Store
  /** The ids of what was tracked here, as long as a server may say that it is another subject's. */
  readonly tracked: ReadonlySet<string>
  spec(): Spec | null
  /** How the last sync ended. */
  report(): SyncReport | null
  track: Log['track']
  /** Fold and sync by this spec from now on; the session began without one. Repeating it is harmless. */
  setSpec(spec: Spec): Promise<void>
  /** Sync now; null without a server, and while no spec is known. */
  sync(): Promise<SyncReport | null>
  export(): Promise<Record<string, unknown>>
  erase(): Promise<void>
  close(): Promise<void>
}

export interface SessionOptions {
  readonly settings: Settings
  readonly spec: Spec | null
  /** A moment that is surely past. */
  readonly notBeforeMs: number
  readonly wall: () => number
  /** When the client was opened, by the wall clock. */
  readonly openedMs: number
  readonly fetch: typeof fetch
  readonly lifecycle: Lifecycle
  /** The stores of this page that outlive no page, by log: what they hold waits for its subject. */
  readonly memories: Map<string, Store>
  /** Until when the server wants silence, milliseconds since the Unix epoch: it asked the device, not one subject. */
  readonly silence: { untilMs: number }
  /** Events of these types were appended, in any tab. */
  readonly onArrival: (types: readonly string[]) => void
  readonly onChange: () => void
  readonly onReport: (session: Session, report: SyncReport) => void
  readonly onOutdated: (told: Outdated) => void
  readonly onError: (error: Error) => void
}

/** Open the session of a log.
 *
 *  @throws StoreFailed the page's own store can't be opened. */
export async function openSession(place: Place, options: SessionOptions): Promise<Session> {
  const { settings, lifecycle, silence, onError } = options
  const ending = new AbortController()
  const tracked = new Set<string>()
  let spec = options.spec
  let tabs: Tabs | null = null
  let schedule: Schedule | null = null
  let ahead: Ahead | null = null
  let last: SyncReport | null = null
  let closing: Promise<void> | null = null
  let setting: Promise<void> | null = null

  const { store, log, owned } = await openIn(place, options, {
    name: place.log,
    journal: journalStorage(),
    spec,
    wall: options.wall,
    notBeforeMs: options.notBeforeMs,
    synced: settings.sync !== null,
    onAppend(types) {
      tabs?.tell({ types, head: log.head() })
      schedule?.touch()
      ahead?.touch()
      options.onArrival(types)
    },
    onChange: options.onChange,
    openedMs: options.openedMs,
    onOutdated: options.onOutdated,
    onError,
  })
  const { sync } = settings
  const transport =
    sync && openTransport({ ...sync, subject: place.subject, fetch: options.fetch, ending: ending.signal })

  const tellOthers = () => tabs?.tell({ types: [], head: log.head() })
  tabs = openTabs(place.log, ({ types, head }) => {
    log.hear(head)
    // What a head says is believed only where it is newer; a silence is looked up.
    if (isObject(head) && head.quietUntilMs !== log.head().quietUntilMs) log.look().catch(onError)
    if (types.length > 0) schedule?.touch()
    options.onArrival(types)
  })
  log.presence(lifecycle.presence())
  const ends = [
    lifecycle.onLeave(() => log.presence(lifecycle.presence())),
    lifecycle.onReturn(() => log.presence(lifecycle.presence())),
  ]

  function beginSync(by: Spec): void {
    if (transport === null || schedule !== null || closing !== null) return
    const courier = createCourier({
      name: place.log,
      spec: by,
      log,
      transport,
      wall: options.wall,
      ending: ending.signal,
      onError,
    })
    ahead = createAhead(log, by, options.wall, (error) => onError(asError(error)))
    schedule = createSchedule({
      async sync(ask) {
        await log.flush()
        return await courier.run(ask)
      },
      leave: courier.leave,
      quietMs: () => Math.max(courier.quietMs(), quietLeftMs(silence.untilMs, Date.now())),
      onReport(report) {
        if (closing !== null) return
        last = report
        if (report.retryAfterMs > 0) silence.untilMs = Date.now() + report.retryAfterMs
        if (report.steps.length > 0 || report.retryAfterMs > 0) tellOthers()
        options.onReport(session, report)
      },
      lifecycle,
    })
  }

  async function close(): Promise<void> {
    for (const end of ends) end()
    ending.abort(new ClientClosed('sync'))
    ahead?.stop()
    const stopped = schedule?.stop()
    await within(async () => {
      await stopped
      await log.close()
    }, CLOSE_LIMIT_MS).catch(onError)
    tabs?.close()
    if (owned) await within(() => store.close(), CLOSE_LIMIT_MS).catch(onError)
  }

  function setSpec(next: Spec): Promise<void> {
    if (spec !== null) return Promise.resolve()
    setting ??= log
      .setSpec(next)
      .then(() => {
        spec = next
        beginSync(next)
      })
      .finally(() => {
        setting = null
      })
    return setting
  }

  const session: Session = {
    place,
    log,
    store,
    tracked,
    spec: () => spec,
    report: () => last,
    async track(type, data) {
      const event = await log.track(type, data)
      if (sync !== null && place.subject === null) tracked.add(event.id)
      return event
    },
    setSpec,
    sync: async () => (schedule === null ? null : await schedule.now()),
    export: () => exported(spec, log),
    async erase() {
      await erase(place.log, log, store.kind, transport, ending.signal)
      tellOthers()
    },
    close: () => {
      closing ??= close()
      return closing
    },
  }
  if (spec !== null) beginSync(spec)
  return session
}

type LogOptions = Parameters<typeof openLog>[1]

async function openIn(
  place: Place,
  { settings, memories, onError }: SessionOptions,
  logOptions: LogOptions,
): Promise<{ store: Store; log: Log; owned: boolean }> {
  const asked = settings.store
  const held = memories.get(place.log)
  if (typeof asked === 'object') return { store: asked, log: await openLog(asked, logOptions), owned: false }
  if (typeof asked === 'function' || (asked === 'memory' && held !== undefined)) {
    const store = typeof asked === 'function' ? asked(place.log) : (held as Store)
    return { store, log: await openLog(store, logOptions), owned: true }
  }
  let log: Log | undefined
  const { store, refused } = await openStore(asked, place.log, logOptions.spec, async (candidate) => {
    log = await openLog(candidate, logOptions)
  })
  for (const error of refused) onError(error)
  if (store.kind === 'memory') memories.set(place.log, store)
  else if (held !== undefined) {
    // What this page could keep only in memory before goes where it is kept.
    await adopt(held, store, logOptions.spec, 'pending')
    memories.delete(place.log)
  }
  // Another store's events may have joined the log since it was opened.
  await (log as Log).look()
  return { store, log: log as Log, owned: true }
}
