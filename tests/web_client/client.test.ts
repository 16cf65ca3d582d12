import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { openShop, PLACES } from './device.js'

describe.each(PLACES)('a client on %s', (_, place) => {
  test('scores exactly the events that were tracked before', async () => {
    const client = await openShop({ store: place().open() })
    await client.track('order', { amount: 19.99 })
    await client.track('view', { page: 'home' })
    const first = await client.score()
    expect(first.features).toMatchObject({ orders: 1, spent: 19.99, views: 1, last_page: 'home' })
    expect(first.score).toBe(0.1)
    await client.track('order', { amount: 5 })
    expect((await client.score()).features).toMatchObject({ orders: 2, spent: 24.99 })
    expect(client.status()).toMatchObject({ tracked: 3, acknowledged: 0, pending: 3, rejected: 0 })
    await client.close()
  })
})
