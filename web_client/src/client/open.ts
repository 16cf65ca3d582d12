/** `openClient`: the log, the bundle, the sync and the page, put together. */

import { type BundleFiles, openBundle, type ScoringBundle } from '../bundle/index.js'
import { beginLog } from '../log/log.js'
import { openStore, type StoreKind } from '../log/store/open.js'
import type { Head, Store } from '../log/store/store.js'
import type { Spec } from '../reducer/spec.js'
import { openTransport } from '../sync/transport.js'
import { assemble } from './assemble.js'
import type { Client, ClientOptions } from './client.js'

/** Open a client. Its requests run beside it: an answer is never waited for. */
export async function openClient(options: ClientOptions): Promise<Client> {
  const { name = 'edgefold', clock = Date.now, sync } = options
  const wall = () => {
    const now = Math.floor(clock())
    return Number.isSafeInteger(now) && now > 0 ? now : 0
  }
  const pageFetch: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const given = options.bundle
  const own = typeof given === 'string' || !('score' in given)
  const bundle = own
    ? await openBundle(given as string | BundleFiles, options.fetch ? { fetch: options.fetch } : {})
    : (given as ScoringBundle)
  try {
    const { store, head, refused } = await beginStore(options.store ?? 'indexeddb', name, bundle.spec, wall)
    const ending = new AbortController()
    const transport =
      sync === undefined
        ? null
        : openTransport({ ...sync, subject: null, fetch: pageFetch, ending: ending.signal })
    const client = assemble({
      name,
      wall,
      bundle,
      store,
      head,
      transport,
      ending,
      ownStore: store !== options.store,
      ownBundle: own,
    })
    for (const error of refused) client.report(error)
    if (own && bundle.problem !== null) client.report(bundle.problem)
    return client.client
  } catch (error) {
    if (own) await bundle.close()
    throw error
  }
}

async function beginStore(kind: StoreKind | Store, name: string, spec: Spec, wall: () => number) {
  if (typeof kind === 'object') return { store: kind, head: await beginLog(kind, spec, wall()), refused: [] }
  let head: Head | undefined
  const opened = await openStore(kind, name, spec, async (store) => {
    head = await beginLog(store, spec, wall())
  })
  return { ...opened, head: head as Head }
}
