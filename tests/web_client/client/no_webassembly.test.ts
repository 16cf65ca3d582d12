/** A page without WebAssembly, in a file of its own: the runtime that has failed once stays so for its process. */

import { afterEach, expect, test, vi } from 'vitest'
import { openClient } from '../../../web_client/src/client/open.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import { readBundle } from '../bundles.js'

afterEach(() => {
  vi.restoreAllMocks()
})

test('a page where WebAssembly does not start tracks and exports; scores reject with the reason', async () => {
  vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new RangeError('Out of memory'))
  const client = await openClient({ bundle: readBundle('tree'), store: memoryStore(), name: 'no-wasm' })
  const heard: string[] = []
  client.on('error', (error) => heard.push(error.name))
  await client.track('order', { amount: 19.99, quantity: 1, gift: false, genre: 'jazz' })
  await expect(client.score()).rejects.toMatchObject({ name: 'RuntimeNotLoaded' })
  expect(client.status()).toMatchObject({ tracked: 1, pending: 1 })
  expect((await client.export()).events).toHaveLength(1)
  expect(heard).toEqual(['RuntimeNotLoaded'])
  await client.close()
})
