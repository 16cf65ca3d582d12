import { describe, expect, test } from 'vitest'
import { openClient } from '../../../web_client/src/client/open.js'
import { parseOptions } from '../../../web_client/src/client/options.js'
import { memoryStore } from '../../../web_client/src/log/store/memory.js'
import { bundleOf, SHOP } from '../device.js'

const bundle = bundleOf(SHOP)
const sync = { url: '/v1', token: 'abc' }

/** What is refused, and how. */
function refused(options: unknown): Record<string, unknown> {
  try {
    parseOptions(options)
  } catch (error) {
    const { name, option, suggestion, message } = error as Record<string, unknown>
    return { name, option, suggestion, message }
  }
  throw new Error('nothing was refused')
}

test.each([
  ['nothing at all', undefined, 'options'],
  ['a text', '/bundle/', 'options'],
  ['no bundle', {}, 'bundle'],
  ['a bundle that is no URL of one', { bundle: 'http://host/bundle' }, 'bundle'],
  ['an empty bundle', { bundle: {} }, 'bundle'],
  ['files that are no bytes', { bundle: { 'manifest.json': 'text' } }, 'bundle'],
  ['a sync without a token', { bundle, sync: { url: '/v1' } }, 'sync.token'],
  ['a sync without a url', { bundle, sync: { token: 'abc' } }, 'sync.url'],
  ['a url of another scheme', { bundle, sync: { ...sync, url: 'ftp://host/v1' } }, 'sync.url'],
  ['a url that is none', { bundle, sync: { ...sync, url: 'http://' } }, 'sync.url'],
  ['a url with a query', { bundle, sync: { ...sync, url: '/v1?a=1' } }, 'sync.url'],
  ['a token that no header takes', { bundle, sync: { ...sync, token: 'a b\n' } }, 'sync.token'],
  ['a token of null', { bundle, sync: { ...sync, token: null } }, 'sync.token'],
  ['a sync of null', { bundle, sync: null }, 'sync'],
  ['a clock that is no function', { bundle, clock: Date.now() }, 'clock'],
  ['a fetch that is no function', { bundle, fetch: 'fetch' }, 'fetch'],
  ['an empty name', { bundle, name: '' }, 'name'],
  ['a subject that is a number', { bundle, subject: 17 }, 'subject'],
  ['a store without transact', { bundle, store: { close() {} } }, 'store'],
  ['a store of null', { bundle, store: null }, 'store'],
  ['a spec that is none', { bundle, spec: { features: [] } }, 'spec'],
  ['a lifecycle without presence', { bundle, lifecycle: { onLeave() {} } }, 'lifecycle'],
])('%s is refused by its name', (_, options, option) => {
  expect(refused(options)).toMatchObject({ name: 'InvalidOptions', option })
})

test.each([
  ['store', { bundle, store: 'indexedDB' }, 'indexeddb'],
  ['store', { bundle, store: 'local-storage' }, 'localstorage'],
  ['sotre', { bundle, sotre: 'memory' }, 'store'],
  ['bundel', { bundel: '/bundle/' }, 'bundle'],
  ['sync.tokne', { bundle, sync: { url: '/v1', tokne: 'abc' } }, 'token'],
])('%s that is misspelt suggests the near name', (option, options, suggestion) => {
  const told = refused(options)
  expect(told).toMatchObject({ option, suggestion })
  expect(told.message).toContain(`did you mean '${suggestion}'?`)
})

test('a name that is near to none suggests none', () => {
  expect(refused({ bundle, store: 'postgresql' }).suggestion).toBeNull()
})

test('an error tells the option, its value, and what was expected', () => {
  expect(refused({ bundle, store: 'indexedDB' }).message).toBe(
    'store is "indexedDB"; expected one of indexeddb, localstorage, memory, a Store, or a function from names to Stores; did you mean \'indexeddb\'?',
  )
})

test('what may be left out may be undefined too', () => {
  const settings = parseOptions({
    bundle,
    sync: undefined,
    store: undefined,
    name: undefined,
    fetch: undefined,
  })
  expect(settings).toMatchObject({
    sync: null,
    store: 'indexeddb',
    name: 'edgefold',
    subject: null,
    fetch: null,
  })
})

test.each([
  ['its JSON', () => JSON.parse(SHOP.json) as object],
  ['its text', () => SHOP.json],
  ['one that parseSpec made', () => SHOP],
])('a spec is taken as %s', (_, spec) => {
  expect(parseOptions({ bundle, spec: spec() }).spec?.id).toBe(SHOP.id)
})

describe('openClient', () => {
  test('rejects wrong options before it opens anything', async () => {
    await expect(openClient({ bundle: undefined } as never)).rejects.toMatchObject({ name: 'InvalidOptions' })
    await expect((openClient as () => Promise<unknown>)()).rejects.toMatchObject({ option: 'options' })
  })

  test('gives a client whose `on` knows its events', async () => {
    const client = await openClient({ bundle, store: memoryStore(), name: 'events' })
    expect(() => client.on('scores' as never, () => {})).toThrow(
      expect.objectContaining({ name: 'InvalidOptions', suggestion: 'score' }),
    )
    expect(() => client.on('score', undefined as never)).toThrow(
      expect.objectContaining({ option: 'listener' }),
    )
    await client.close()
  })
})
