/** The log of a page under measure, and bare IndexedDB beside it: what is measured is called from outside. */

import { openClient } from 'edgefold'

const ORDER = { amount: 19.99, quantity: 1, gift: false, genre: 'jazz' }
const BATCH = 1_024

const { token } = Object.fromEntries(new URLSearchParams(location.search))
const client = await openClient({
  bundle: '/bundle/',
  name: 'log',
  sync: { url: '/v1', token: token as string },
})
await client.score()
const openedMs = performance.now()

async function fill(count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    const some = Math.min(BATCH, count - done)
    await Promise.all(Array.from({ length: some }, () => client.track('order', ORDER)))
  }
}

async function times(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = []
  for (let index = 0; index < count; index++) {
    const started = performance.now()
    await call()
    taken.push(performance.now() - started)
  }
  return taken
}

/** What one would write without a library: a row an event, one transaction each. */
async function bareStore(): Promise<() => Promise<void>> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('bare', 1)
    request.onupgradeneeded = () => request.result.createObjectStore('events', { autoIncrement: true })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  return () =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction('events', 'readwrite', { durability: 'relaxed' })
      transaction.objectStore('events').add({ type: 'order', time: Date.now(), data: ORDER })
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
}

/** Send everything, and say how long it took and the longest task of the page meanwhile (those under 50 ms are told as 50). */
async function syncAll() {
  let longestMs = 50
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration)
  })
  observer.observe({ entryTypes: ['longtask'] })
  const started = performance.now()
  while (client.status().pending > 0) {
    const { outcome, error } = await client.sync()
    if (outcome === 'failed') throw error
  }
  const takenMs = performance.now() - started
  await new Promise((resolve) => setTimeout(resolve, 200))
  observer.disconnect()
  return { takenMs, longestMs }
}

/** What one would do instead: read the rows and post them, in batches of the same size. */
async function postRaw(count: number): Promise<number> {
  const started = performance.now()
  for (let done = 0; done < count; done += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - done) }, (_, index) => ({
      seq: done + index,
      type: 'order',
      time: Date.now(),
      data: ORDER,
    }))
    await fetch('/raw', { method: 'POST', body: JSON.stringify(rows) })
  }
  return performance.now() - started
}

const bare = await bareStore()
Object.assign(window, {
  client,
  openedMs,
  fill,
  trackMany: (count: number) => times(count, () => client.track('order', ORDER)),
  bareMany: (count: number) => times(count, bare),
  syncAll,
  postRaw,
})
