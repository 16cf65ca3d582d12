/** What the log's tests share: a log on a store with a wall clock that the test sets, and what it told. */

import type { Log, LogOptions } from '../../../web_client/src/log/log.js'
import { openLog } from '../../../web_client/src/log/open.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import type { Body, Head, Store, StoredEvent } from '../../../web_client/src/log/store/store.js'
import { features } from '../../../web_client/src/reducer/features.js'
import type { Spec } from '../../../web_client/src/reducer/spec.js'
import { SHOP, WallClock } from '../device.js'

export interface Opened {
  readonly log: Log
  readonly store: Store
  readonly clock: WallClock
  readonly errors: Error[]
  readonly outdated: () => number
}

export async function opened(
  given: Partial<LogOptions> & { store?: Store; clock?: WallClock } = {},
): Promise<Opened> {
  const { store = memoryStore(), clock = new WallClock(), ...rest } = given
  const errors: Error[] = []
  let outdated = 0
  const log = await openLog(store, {
    name: 'log',
    spec: SHOP,
    wall: clock.read,
    synced: false,
    onAppend() {},
    onChange() {},
    onOutdated: () => outdated++,
    onError: (error) => errors.push(error),
    ...rest,
  })
  return { log, store, clock, errors, outdated: () => outdated }
}

export const order = (amount = 1) => ['order', { amount }] as const

export function held(store: Store): Promise<{ head: Head; body: Body; events: readonly StoredEvent[] }> {
  return store.transact({ body: true, after: 0 }, (found) => ({ result: found as never }))
}

/** The features of a log's read-out. */
export async function row(log: Log, spec: Spec = SHOP): Promise<Record<string, unknown>> {
  const { profile, nowMs } = await log.read()
  return features(spec, profile, nowMs)
}
