/** Which store a client gets: the one that was asked for, or the next best that this browser allows. */

import type { Spec } from '../../reducer/spec.js'
import { adopt } from '../adopt.js'
import { asError, StoreFailed } from '../errors.js'
import { indexedDbStore } from './indexeddb.js'
import { holdsLog, localStorageStore, removeLog } from './localstorage.js'
import { memoryStore } from './memory.js'
import type { Store } from './store.js'

export type StoreKind = 'indexeddb' | 'localstorage' | 'memory'

export interface Opened {
  readonly store: Store
  /** Why each better store could not be used. */
  readonly refused: readonly StoreFailed[]
}

const MAKERS: Readonly<Record<StoreKind, (name: string) => Store>> = {
  indexeddb: (name) => indexedDbStore(name),
  localstorage: (name) => localStorageStore(name),
  memory: () => memoryStore(),
}
const ORDER: readonly StoreKind[] = ['indexeddb', 'localstorage', 'memory']

/** Open the store of a kind, with what a lesser one took while it could not be opened; or the next one that works: a private window may refuse any that outlives the page.
 *
 *  `begin` is the first transaction: a store that can be opened but not written shows it only then. */
export async function openStore(
  kind: StoreKind,
  name: string,
  spec: Spec | null,
  begin: (store: Store) => Promise<void>,
): Promise<Opened> {
  const refused: StoreFailed[] = []
  for (const candidate of ORDER.slice(ORDER.indexOf(kind))) {
    let store: Store | undefined
    try {
      store = MAKERS[candidate](name)
      await begin(store)
      await adoptLesser(candidate, name, store, spec)
      return { store, refused }
    } catch (error) {
      await store?.close()
      refused.push(error instanceof StoreFailed ? error : new StoreFailed(candidate, asError(error)))
    }
  }
  throw refused.at(-1) as StoreFailed
}

/** What another tab holds, or what can't be read now, is taken by a later opening. */
async function adoptLesser(kind: StoreKind, name: string, store: Store, spec: Spec | null): Promise<void> {
  if (kind !== 'indexeddb' || !holdsLog(name)) return
  const lesser = localStorageStore(name)
  try {
    await adopt(lesser, store, spec, 'pending')
    removeLog(name)
  } catch (error) {
    if (!(error instanceof StoreFailed)) throw error
  } finally {
    await lesser.close()
  }
}
