import { afterEach, expect, test, vi } from 'vitest'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import { LocalStorage, openShop, placeName } from '../device.js'

afterEach(() => vi.unstubAllGlobals())

const journal = '[{"number":1,"event":{"id":"abcdefgh","type":"order","time":1,"data":{"amount":1}}}]'

test('erasing takes what a page that left, or a lesser store, still holds; another log’s stays', async () => {
  const storage = new LocalStorage()
  vi.stubGlobal('localStorage', storage)
  const [name, store] = [placeName(), memoryStore()]
  const client = await openShop({ store, name })
  await client.track('order', { amount: 1 })
  storage.setItem(`${name}:journal:another tab`, journal)
  for (const key of ['head', 'body', 'events:0']) storage.setItem(`${name}:${key}`, '{}')
  storage.setItem(`${name}.bob:journal:a tab`, journal)
  await client.erase()
  const left = Array.from({ length: storage.length }, (_, index) => storage.key(index))
  expect(left).toEqual([`${name}.bob:journal:a tab`])
  await client.close()
  const next = await openShop({ store, name })
  expect(next.status().tracked).toBe(0)
  await next.close()
})
