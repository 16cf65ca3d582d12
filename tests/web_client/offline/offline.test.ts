import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { registerOffline } from '../../../web_client/src/offline/register.js'
import {
  type LifecycleEvent,
  type RequestEvent,
  serveOffline,
} from '../../../web_client/src/offline/worker.js'
import { memoryCaches, readBundle, type Server, serve } from '../bundles.js'

const SCRIPT = '/app-ABCD1234.js'
const PRECACHE = ['../', 'style.css', SCRIPT]

let server: Server
let caches: ReturnType<typeof memoryCaches>
beforeEach(async () => {
  server = await serve(readBundle('tree'))
  caches = memoryCaches()
  put('/', 'page 1')
  put('/style.css', 'style 1')
  put(SCRIPT, 'script 1')
})
afterEach(() => server.close())

function put(path: string, text: string): void {
  server.files.set(path, new TextEncoder().encode(text))
}

/** A service worker's scope around the real network: events are dispatched as a browser does. */
class Worker {
  readonly #listeners = new Map<string, (event: never) => void>()
  claimed = 0

  constructor(version: string, network: typeof fetch = fetch) {
    serveOffline(
      { version, precache: PRECACHE },
      {
        caches,
        clients: {
          claim: async () => {
            this.claimed++
          },
        },
        fetch: network,
        registration: { scope: `${server.url}/` },
        addEventListener: (type: string, listener: (event: never) => void) => {
          this.#listeners.set(type, listener)
        },
      },
    )
  }

  async lifecycle(type: 'activate' | 'install'): Promise<void> {
    const work: Promise<unknown>[] = []
    const event: LifecycleEvent = { waitUntil: (promise) => work.push(promise) }
    this.#listeners.get(type)?.(event as never)
    await Promise.all(work)
  }

  async start(): Promise<this> {
    await this.lifecycle('install')
    await this.lifecycle('activate')
    return this
  }

  /** Returns the text of the worker's answer, undefined where it leaves the request to the network. */
  async answer(path: string, init: RequestInit = {}): Promise<string | undefined> {
    const [work, answers]: [Promise<unknown>[], Promise<Response>[]] = [[], []]
    const request = new Request(new URL(path, server.url), init)
    const event: RequestEvent = {
      request,
      respondWith: (response) => answers.push(response),
      waitUntil: (promise) => work.push(promise),
    }
    this.#listeners.get('fetch')?.(event as never)
    const text = await (await answers[0])?.text()
    await Promise.all(work)
    return text
  }

  /** Node refuses to make a request of a navigation, which only a browser does. */
  navigate(path: string): Promise<string | undefined> {
    const mode = vi.spyOn(Request.prototype, 'mode', 'get').mockReturnValue('navigate')
    return this.answer(path).finally(() => mode.mockRestore())
  }
}

/** The page that opens without a network, after the network gave a newer one. */
async function keptPage(network: typeof fetch = fetch): Promise<string | undefined> {
  const worker = await new Worker('1', network).start()
  put('/', 'page 2')
  await worker.navigate('/')
  await server.close()
  return worker.navigate('/')
}

describe('installing', () => {
  test('stores every file, and takes over the pages that are open', async () => {
    const worker = await new Worker('1').start()
    await server.close()
    expect([await worker.answer('/style.css'), await worker.answer(SCRIPT)]).toEqual(['style 1', 'script 1'])
    expect(worker.claimed).toBe(1)
  })

  test('stores nothing when one file is missing, and the version before goes on', async () => {
    const before = await new Worker('1').start()
    server.files.delete('/style.css')
    await expect(new Worker('2').lifecycle('install')).rejects.toThrow()
    expect([...caches.all.keys()]).toHaveLength(1)
    await server.close()
    expect(await before.answer('/style.css')).toBe('style 1')
  })

  test('a new version drops the one before only when it is active, and no cache of others', async () => {
    caches.all.set('edgefold-bundles', new Map())
    await new Worker('1').start()
    const next = new Worker('2')
    await next.lifecycle('install')
    expect([...caches.all.keys()]).toHaveLength(3)
    await next.lifecycle('activate')
    expect([...caches.all.keys()]).toEqual(['edgefold-bundles', `edgefold-shell ${server.url}/ 2`])
  })
})

describe('a page', () => {
  test('is the newest while the network answers', async () => {
    const worker = await new Worker('1').start()
    put('/', 'page 2')
    expect(await worker.navigate('/')).toBe('page 2')
  })

  test.each(['/', '/?from=mail', '/order/7'])('at %s opens without a network', async (path) => {
    const worker = await new Worker('1').start()
    await server.close()
    expect(await worker.navigate(path)).toBe('page 1')
  })

  test('that the network gave is not mixed into the installed set', async () => {
    expect(await keptPage()).toBe('page 1')
  })

  test('comes from the cache when the network takes over 3 seconds', async () => {
    const worker = await new Worker('1').start()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const hanging = vi.spyOn(server.files, 'get').mockImplementation(() => {
      vi.advanceTimersByTime(3_000)
      return undefined
    })
    expect(await worker.answer('/style.css')).toBe('style 1')
    hanging.mockRestore()
    vi.useRealTimers()
  })
})

test('an installed file is found with any query', async () => {
  const worker = await new Worker('1').start()
  await server.close()
  expect(await worker.answer('/style.css?v=2')).toBe('style 1')
})

describe('an immutable file', () => {
  test.each(['/chunk-Q2X7ABCD.js', '/assets/main.0123abcd.css', '/onnxruntime-1.30.0/ort.wasm'])(
    '%s is fetched once, then answered from the cache',
    async (path) => {
      const worker = await new Worker('1').start()
      put(path, 'first')
      expect(await worker.answer(path)).toBe('first')
      put(path, 'second')
      expect(await worker.answer(path)).toBe('first')
    },
  )

  test('that was not found is asked for again', async () => {
    const worker = await new Worker('1').start()
    expect(await worker.answer('/chunk-Q2X7ABCD.js')).toBe('')
    put('/chunk-Q2X7ABCD.js', 'there')
    expect(await worker.answer('/chunk-Q2X7ABCD.js')).toBe('there')
  })
})

describe('the network alone answers', () => {
  test.each([
    ['/v1/profile', {}],
    [`/v1/blobs/${'a'.repeat(64)}`, {}],
    ['/v1/diffs', { method: 'POST', body: '{}' }],
    ['/other.css', {}],
    ['/service-worker-registration.js', {}],
    ['http://example.invalid/app-ABCD1234.js', {}],
    ['/bundles/2.0.0/manifest.json', { cache: 'no-cache' } as const],
  ])('%s %j', async (path, init) => {
    const worker = await new Worker('1').start()
    expect(await worker.answer(path, init)).toBeUndefined()
  })
})

describe('registering', () => {
  afterEach(() => vi.unstubAllGlobals())

  /** A browser whose worker goes through these states, one an event. */
  function browser(states: readonly string[]): void {
    const worker = Object.assign(new EventTarget(), { state: 'installing' })
    const register = async () => {
      states.forEach((state, index) => {
        setTimeout(() => {
          worker.state = state
          worker.dispatchEvent(new Event('statechange'))
        }, index)
      })
      return { active: null, installing: worker, waiting: null }
    }
    vi.stubGlobal('navigator', { serviceWorker: { register } })
  }

  test('resolves when the worker is active, and no earlier', async () => {
    browser(['installed', 'activating', 'activated'])
    const registration = await registerOffline('/sw.js')
    expect(registration?.installing?.state).toBe('activated')
  })

  test('tells of a worker that could not store its files', async () => {
    browser(['redundant'])
    await expect(registerOffline('/sw.js')).rejects.toThrow(
      expect.objectContaining({ name: 'OfflineNotInstalled', url: '/sw.js' }),
    )
  })

  test('tells of a script that is not there, with its cause', async () => {
    const cause = new TypeError('bad HTTP response code (404)')
    vi.stubGlobal('navigator', { serviceWorker: { register: () => Promise.reject(cause) } })
    await expect(registerOffline('/sw.js')).rejects.toThrow(
      expect.objectContaining({ name: 'OfflineNotInstalled', cause }),
    )
  })
})

test('without service workers a page registers nothing and goes on', async () => {
  expect(await registerOffline('/sw.js')).toBeNull()
})

test('these tests report a worker that stores what the network gave', async () => {
  const storing = async (...asked: Parameters<typeof fetch>): Promise<Response> => {
    const response = await fetch(...asked)
    const cache = await caches.open(`edgefold-shell ${server.url}/ 1`)
    await cache.put(asked[0] as Request, response.clone())
    return response
  }
  expect(await keptPage(storing)).toBe('page 2')
})
