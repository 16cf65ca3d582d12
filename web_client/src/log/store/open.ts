/** Which store a client gets: the one that was asked for, or the next best that this browser allows. */

import { asError, StoreFailed } from '../errors.js'
import { indexedDbStore } from './indexeddb.js'
import { localStorageStore } from './localstorage.js'
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

/** Open the store of a kind, or the next one that works: a private window may refuse any that outlives the page.
 *
 *  `begin` is the first transaction: a store that can be opened but not written shows it only then. */
export async function openStore(
  kind: StoreKind,
  name: string,
  begin: (store: Store) => Promise<void>,
): Promise<Opened> {
  const refused: StoreFailed[] = []
  for (const candidate of ORDER.slice(ORDER.indexOf(kind))) {
    try {
      const store = MAKERS[candidate](name)
      await begin(store)
      return { store, refused }
    } catch (error) {
      refused.push(error instanceof StoreFailed ? error : new StoreFailed(candidate, asError(error)))
    }
  }
  throw refused.at(-1) as StoreFailed
}
