/** What the client's tests share: a small spec, a bundle that scores it without a model file, stores, and a wall clock. */

import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import type { ScoringBundle } from '../../web_client/src/bundle/index.js'
import type { Client, ClientOptions } from '../../web_client/src/client/client.js'
import { openClient } from '../../web_client/src/client/open.js'
import { indexedDbStore } from '../../web_client/src/log/store/indexeddb.js'
import { localStorageStore } from '../../web_client/src/log/store/localstorage.js'
import { memoryStore } from '../../web_client/src/log/store/memory.js'
import type { Store } from '../../web_client/src/log/store/store.js'
import { parseSpec, type Spec } from '../../web_client/src/reducer/spec.js'

export const START_MS = 1_767_225_600_000
export const KEYS = Array.from({ length: 250 }, (_, index) => `e${index}`)

const EVENTS = {
  order: {
    amount: { type: 'decimal', scale: 2 },
    key: { type: 'string', max: 8, optional: true },
    gift: { type: 'boolean', optional: true },
  },
  view: { page: { type: 'string', max: 8 } },
}

const FEATURES = [
  { name: 'orders', aggregate: 'count', event: 'order' },
  { name: 'spent', aggregate: 'total', event: 'order', value: { field: 'amount' } },
  { name: 'views', aggregate: 'count', event: 'view' },
  { name: 'last_page', aggregate: 'last', event: 'view', value: { field: 'page' } },
  { name: 'country', attribute: 'country' },
]

export function specWith(features: readonly object[], events: object = EVENTS): Spec {
  return parseSpec({
    edgefold: 1,
    name: 'shop',
    events,
    attributes: { country: { type: 'enum', values: ['GB', 'FR'] } },
    features: [...features],
    triggers: ['order'],
  })
}

export const SHOP = specWith(FEATURES)
/** Each event has a key of its own: a loss shows as 0, a double count as 2. */
export const KEYED = specWith([
  { name: 'n', aggregate: 'count_by', event: 'order', key: 'key', keys: KEYS },
  { name: 'orders', aggregate: 'count', event: 'order' },
])

/** A bundle of a spec with a linear model of its number of orders. */
export function bundleOf(spec: Spec): ScoringBundle {
  return {
    manifest: {} as ScoringBundle['manifest'],
    spec,
    problem: null,
    async score(row) {
      const score = (row.orders as number) / 10
      return { score, label: score >= 0.5 ? 1 : 0, probabilities: [1 - score, score] }
    },
    async close() {},
  }
}

/** A localStorage: Node has none. */
export class LocalStorage implements Storage {
  private readonly items = new Map<string, string>()
  constructor(private readonly maxCharacters = Number.POSITIVE_INFINITY) {}
  get length(): number {
    return this.items.size
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    const others = [...this.items].filter(([held]) => held !== key)
    const used = others.reduce((sum, [held, text]) => sum + held.length + text.length, 0)
    if (used + key.length + value.length > this.maxCharacters) {
      throw new DOMException('the quota has been exceeded', 'QuotaExceededError')
    }
    this.items.set(key, value)
  }
  removeItem(key: string): void {
    this.items.delete(key)
  }
  clear(): void {
    this.items.clear()
  }
}

/** A place on a device where stores are opened, once a tab; `open` is what a tab does. */
export interface Place {
  readonly open: () => Store
}

let places = 0

/** A name of a log that no other test has. */
export function placeName(): string {
  return `place-${places++}`
}

/** Every kind of store, each in a new place. */
export const PLACES: readonly [string, () => Place][] = [
  [
    'indexeddb',
    () => {
      const factory = new IDBFactory()
      return { open: () => indexedDbStore('edgefold', factory) }
    },
  ],
  [
    'localstorage',
    () => {
      // One tab has it; a store that is closed lets the next have it.
      const store = localStorageStore(placeName(), new LocalStorage())
      return { open: () => store }
    },
  ],
  [
    'memory',
    () => {
      const store = memoryStore()
      return { open: () => store }
    },
  ],
]

/** A wall clock that a test sets. */
export class WallClock {
  constructor(public nowMs = START_MS) {}
  readonly read = (): number => this.nowMs
}

let names = 0

/** Open a client of the shop on a store, under a name of its own unless one is given. */
export async function openShop(options: Partial<ClientOptions> & { store: Store }): Promise<Client> {
  return await openClient({
    bundle: bundleOf(SHOP),
    name: `test-${names++}`,
    clock: () => START_MS,
    ...options,
  })
}
