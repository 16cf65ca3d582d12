/** The parts of a client, wired: who hears of what, and what is under way when it is closed. */

import type { ScoringBundle } from '../bundle/index.js'
import { asError, ClientClosed } from '../log/errors.js'
import { journalStorage } from '../log/journal.js'
import { createLog, type Log } from '../log/log.js'
import { forgotten } from '../log/state.js'
import type { Head, Store } from '../log/store/store.js'
import { createLifecycle } from '../platform/lifecycle.js'
import { withLock } from '../platform/lock.js'
import { randomReplica } from '../platform/random.js'
import { openTabs } from '../platform/tabs.js'
import { features } from '../reducer/features.js'
import type { Spec } from '../reducer/spec.js'
import { createCourier, type SyncReport } from '../sync/courier.js'
import { createSchedule, type Schedule } from '../sync/schedule.js'
import type { Transport } from '../sync/transport.js'
import type { Client, ClientEvents, ScoreResult, Status } from './client.js'
import { createListeners } from './listeners.js'

const MAX_ERRORS = 20

/** What a client is made of. */
export interface Parts {
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

/** Put a client together; `report` is how errors reach its listeners. */
export function assemble(parts: Parts): { client: Client; report: (error: Error) => void } {
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
    name,
    journal: journalStorage(),
    spec,
    wall,
    synced: transport !== null,
    onAppend(types) {
      tabs.tell({ types, head: log.head() })
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
  const tabs = openTabs(name, ({ types }) => {
    if (closing !== null) return
    if (types.length > 0) schedule?.touch()
    arrived(types)
    log.look().catch(report)
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
    if (ended.steps.length > 0 || ended.retryAfterMs > 0) tabs.tell({ types: [], head: log.head() })
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
      store: { kind: store.kind, mayLose: log.mayLose() },
      errors: [...errors],
    }
  }

  async function erase(): Promise<void> {
    await log.flush()
    await withLock(`${name}:sync`, async () => {
      const epoch = transport === null ? null : await transport.erase()
      await log.change(
        (state) => {
          const fresh = forgotten(state, randomReplica(), epoch)
          return { state: fresh, result: undefined }
        },
        { strict: true, anySpec: true },
      )
    })
    tabs.tell({ types: [], head: log.head() })
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
    schedule = createSchedule({
      async sync(ask) {
        await log.flush()
        return await courier.run(ask)
      },
      leave: courier.leave,
      quietMs: courier.quietMs,
      onReport,
      lifecycle: createLifecycle(),
    })
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
