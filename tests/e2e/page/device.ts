/** What a page of the fault matrix does as a device: it opens a client of the shop, tracks orders by key, and meets faults. */

import { type Client, openClient, parseSpec, type ScoringBundle } from 'edgefold'

declare const note: (told: unknown) => void

export interface Opening {
  readonly spec: object
  /** Who is signed in; null where the page leaves it to the token to tell. */
  readonly subject: string | null
  /** By subject; the first is that of whoever is not named. */
  readonly tokens: Readonly<Record<string, string>>
  readonly store: 'indexeddb' | 'localstorage' | 'memory'
}

let client: Client | null = null
let aheadMs = 0
/** Whether what follows is told as resolved before it is written: a planted fault. */
let early = false

/** A model is no part of these runs: what is scored is how many orders there are. */
function bundleOf(spec: object): ScoringBundle {
  return {
    manifest: {} as ScoringBundle['manifest'],
    spec: parseSpec(spec),
    problem: null,
    async score(row) {
      const score = Math.min(1, Number(row.orders) / 1_000)
      return { score, label: score >= 0.5 ? 1 : 0, probabilities: [1 - score, score] }
    },
    async close() {},
  }
}

function opened(): Client {
  if (client === null) throw new Error('open the client first')
  return client
}

/** Open the client of this page; the one before is closed. */
export async function open({ spec, subject, tokens, store }: Opening): Promise<void> {
  await client?.close()
  client = null
  const [first] = Object.keys(tokens)
  const made = await openClient({
    bundle: bundleOf(spec),
    name: 'shop',
    ...(subject === null ? {} : { subject }),
    store,
    clock: () => Date.now() + aheadMs,
    sync: { url: '/v1', token: (named) => tokens[named ?? (first as string)] as string },
  })
  made.on('error', (error) => note({ error: `${error.name}: ${error.message}` }))
  client = made
}

/** Another person signs in, in the middle of events: those before are the one's, those after the other's. */
export async function switchTo(given: { subject: string; before: string[]; after: string[] }): Promise<void> {
  const before = given.before.map(tracked)
  const switched = opened().identify(given.subject)
  const after = given.after.map(tracked)
  await Promise.all([...before, switched, ...after])
}

/** Track an order for each key, some milliseconds after each other; tell of each that resolved. */
export async function track({ keys, gapMs }: { keys: readonly string[]; gapMs: number }): Promise<void> {
  const all = keys.map(async (key, index) => {
    if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, index * gapMs))
    await tracked(key)
  })
  await Promise.all(all)
}

async function tracked(key: string): Promise<void> {
  if (early) setTimeout(order, 10_000, key)
  else await order(key)
  note({ resolved: key })
}

async function order(key: string): Promise<void> {
  await opened().track('order', { amount: key.length / 4, key })
}

/** Track these while the page is left: in `pagehide`, and in `visibilitychange` when it is hidden. */
export function trackOnLeaving({ gone, hidden }: { gone: string[]; hidden: string[] }): void {
  const all = (keys: string[]) => {
    for (const key of keys.splice(0)) {
      order(key).then(
        () => note({ resolved: key }),
        (error: unknown) => note({ error: `track while leaving: ${error}` }),
      )
    }
  }
  addEventListener('pagehide', () => all(gone))
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') all(hidden)
  })
}

/** Sync, and tell nothing: what comes of it is seen at the end. */
export async function sync(): Promise<void> {
  await opened().sync()
}

/** Wait until what is pending is sealed, as it is kept for a page that is left. */
export async function waitSealed(): Promise<void> {
  for (;;) {
    const { sealed } = await opened().export()
    if (sealed !== null || opened().status().pending === 0) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Sync until the server has answered and nothing is pending, for at most so long; return the status at the end. */
export async function drain({ forMs }: { forMs: number }): Promise<object> {
  const endMs = performance.now() + forMs
  while (performance.now() < endMs) {
    const { outcome } = await opened().sync()
    const { pending, rejected, outdated } = opened().status()
    if ((outcome === 'synced' && pending === 0 && rejected === 0) || outdated) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return status()
}

export function status(): object {
  const { errors, sync, ...rest } = opened().status()
  const told = sync === null ? null : `${sync.outcome} ${sync.error ?? ''}`
  return { ...rest, sync: told, errors: errors.map((error) => `${error.name}: ${error.message}`) }
}

/** How often each key was counted, by this device and all others of its subject. */
export async function counts(): Promise<Record<string, number>> {
  const { features } = await opened().score()
  const keyed = Object.entries(features).filter(([name]) => name.startsWith('n='))
  return Object.fromEntries(keyed.map(([name, count]) => [name.slice(2), Number(count)]))
}

/** Set by how much this page's clock is ahead. */
export function setClock(ms: number): void {
  aheadMs = ms
}

/** IndexedDB fails to open, the next so many times, as iOS does at times. */
export function failOpening(times: number): void {
  const open = IDBFactory.prototype.open
  let left = times
  IDBFactory.prototype.open = function (...given) {
    if (left-- <= 0) return open.apply(this, given)
    throw new DOMException('Connection to Indexed Database server lost', 'UnknownError')
  }
}

/** Each connection to IndexedDB that is open now is lost, as on iOS when its process ended; new ones are good. */
export function loseConnections(): void {
  const fresh = new WeakSet<IDBDatabase>()
  const open = IDBFactory.prototype.open
  IDBFactory.prototype.open = function (...given) {
    const request = open.apply(this, given)
    request.addEventListener('success', () => fresh.add(request.result))
    return request
  }
  const transaction = IDBDatabase.prototype.transaction
  IDBDatabase.prototype.transaction = function (...given) {
    if (fresh.has(this)) return transaction.apply(this, given)
    throw new DOMException('Connection to Indexed Database server lost', 'UnknownError')
  }
}

/** Every write finds the device full, for so long: a transaction aborts, as it does where there is no room to commit it. */
export function fillUp(forMs: number): void {
  const endMs = performance.now() + forMs
  const full = () => performance.now() < endMs
  const error = () => new DOMException('the quota has been exceeded', 'QuotaExceededError')
  for (const method of ['add', 'put'] as const) {
    const write = IDBObjectStore.prototype[method]
    IDBObjectStore.prototype[method] = function (...given) {
      const request = write.apply(this, given)
      const { transaction } = this
      request.addEventListener('success', () => {
        if (!full()) return
        Object.defineProperty(transaction, 'error', { get: error })
        transaction.abort()
      })
      return request
    }
  }
  const setItem = Storage.prototype.setItem
  Storage.prototype.setItem = function (...given) {
    if (full()) throw error()
    setItem.apply(this, given)
  }
}

/** Remove all that this origin has stored, under open pages, as the user can in the browser's settings. */
export async function clearStorage(): Promise<void> {
  localStorage.clear()
  const held = await indexedDB.databases()
  await Promise.all(
    held.map(
      ({ name }) =>
        new Promise<void>((resolve, reject) => {
          const request = indexedDB.deleteDatabase(name ?? '')
          request.onsuccess = () => resolve()
          request.onerror = () => reject(request.error)
        }),
    ),
  )
}

/** Plant a fault: from now on `track` resolves before it has written. */
export function resolveEarly(): void {
  early = true
}
