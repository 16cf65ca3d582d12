/** A service worker that keeps a page working offline: one atomic set of files a version. */

/** The part of ServiceWorkerGlobalScope that is used; TypeScript's own types of it exclude those of a page. */
export interface WorkerScope {
  readonly caches: Pick<CacheStorage, 'delete' | 'keys' | 'open'>
  readonly clients: { claim(): Promise<void> }
  readonly fetch: (request: Request, init?: RequestInit) => Promise<Response>
  readonly registration: { readonly scope: string }
  addEventListener(type: 'activate' | 'install', listener: (event: LifecycleEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: RequestEvent) => void): void
}

export interface LifecycleEvent {
  waitUntil(work: Promise<unknown>): void
}

export interface RequestEvent extends LifecycleEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

export interface OfflineOptions {
  /** Another text for each deployment: it names the set of files, and makes the browser install the new one. */
  readonly version: string
  /** URLs of all that the page needs offline, relative to the worker's scope: `./`, scripts, styles, `RUNTIME_FILES`. */
  readonly precache: readonly string[]
}

const CACHE_PREFIX = 'edgefold-shell'
const NETWORK_TIMEOUT_MS = 3_000

/** Names whose content never changes: with a content hash, as bundlers write it, or in the folder of a version. */
const IMMUTABLE = /[-.]([0-9A-Z]{8}|[0-9a-f]{8,64})\.\w+$|[/@-]\d+\.\d+\.\d+\//

/** The sync API answers for itself, and `openBundle` keeps what it verified. */
const NEVER_CACHED = /\/v1\//

/** Serve a page from this service worker, called once and at the top of its script.
 *
 *  At install every file of `precache` is stored, or none, and the version before stays. A new version takes over when
 *  the last page of the one before is closed. Immutable files are answered from the cache. Pages and other files of
 *  `precache` are fetched, and come from the cache when no good answer begins within 3 seconds. All other requests go
 *  to the network untouched. */
export function serveOffline(
  { version, precache }: OfflineOptions,
  scope: WorkerScope = globalThis as unknown as WorkerScope,
): void {
  const home = scope.registration.scope
  const own = `${CACHE_PREFIX} ${home} `
  const cacheName = `${own}${version}`
  const shell = new Set(precache.map((url) => new URL(url, home).href))

  scope.addEventListener('install', (event) => {
    event.waitUntil(install(scope, cacheName, shell))
  })
  scope.addEventListener('activate', (event) => {
    event.waitUntil(activate(scope, own, cacheName))
  })
  scope.addEventListener('fetch', (event) => {
    const { request } = event
    const url = new URL(request.url)
    const foreign = url.origin !== new URL(home).origin
    if (request.method !== 'GET' || foreign || NEVER_CACHED.test(url.pathname)) return
    const known = shell.has(withoutQuery(url))
    // a page that asks past the browser's cache, as `openBundle` does, wants none of ours either
    if (IMMUTABLE.test(url.pathname) && (known || request.cache === 'default')) {
      event.respondWith(cacheFirst(scope, cacheName, event))
    } else if (request.mode === 'navigate' || known) {
      event.respondWith(networkFirst(scope, cacheName, request))
    }
  })
}

/** `addAll` stores all or nothing; `reload` keeps the browser's own cache from mixing in files of an earlier deployment. */
async function install(scope: WorkerScope, cacheName: string, shell: ReadonlySet<string>): Promise<void> {
  const cache = await scope.caches.open(cacheName)
  try {
    await cache.addAll([...shell].map((url) => new Request(url, { cache: 'reload' })))
  } catch (error) {
    await scope.caches.delete(cacheName)
    throw error
  }
}

async function activate(scope: WorkerScope, own: string, cacheName: string): Promise<void> {
  const names = await scope.caches.keys()
  const old = names.filter((name) => name.startsWith(own) && name !== cacheName)
  await Promise.all(old.map((name) => scope.caches.delete(name)))
  await scope.clients.claim()
}

async function cacheFirst(scope: WorkerScope, cacheName: string, event: RequestEvent): Promise<Response> {
  const cache = await scope.caches.open(cacheName)
  const kept = await cache.match(event.request)
  if (kept !== undefined) return kept
  const response = await scope.fetch(event.request)
  if (response.status === 200) event.waitUntil(cache.put(event.request, response.clone()))
  return response
}

/** What the network answers is not stored: the cache stays the one set of files that was installed together. */
async function networkFirst(scope: WorkerScope, cacheName: string, request: Request): Promise<Response> {
  const cache = await scope.caches.open(cacheName)
  const own = await cache.match(request, { ignoreSearch: true })
  const kept = own ?? (request.mode === 'navigate' ? await cache.match(scope.registration.scope) : undefined)
  if (kept === undefined) return scope.fetch(request)
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), NETWORK_TIMEOUT_MS)
  try {
    const response = await scope.fetch(request, { signal: timeout.signal })
    return response.status < 500 ? response : kept
  } catch {
    return kept
  } finally {
    clearTimeout(timer) // only the beginning of an answer is timed, not how long its body takes
  }
}

function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`
}
