import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CACHE_NAME, keep, readKept } from '../../../web_client/src/bundle/cache.js'
import { contentOf } from '../../../web_client/src/bundle/files.js'
import { openBundle, type ScoringBundle } from '../../../web_client/src/bundle/index.js'
import {
  changed,
  type Json,
  jsonOf,
  memoryCaches,
  publish,
  readBundle,
  type Server,
  serve,
  withOtherByte,
} from '../bundles.js'

const tree = readBundle('tree')
const row = jsonOf(tree, 'vectors.json').cases[0].features as Record<string, number | string | null>
const version = (number: number, rest: object = {}) =>
  changed(tree, (manifest: Json) => Object.assign(manifest, { version: number, ...rest }))
const BAD_LABELS = { labels: [...(jsonOf(tree, 'manifest.json').labels as Json[])].reverse() }

let server: Server
let cache: ReturnType<typeof memoryCaches>
const opened: ScoringBundle[] = []
beforeEach(async () => {
  server = await serve(version(3))
  cache = memoryCaches()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bundle) => bundle.close()))
  await server.close()
})

const directory = () => `${server.url}/bundle/`
const api = () => `${server.url}/v1/bundles/test/manifest`

async function open(
  source = directory(),
  options: Parameters<typeof openBundle>[1] = {},
): Promise<ScoringBundle> {
  const bundle = await openBundle(source, { cache, ...options })
  opened.push(bundle)
  return bundle
}

/** The entries of the cache, by URL. */
function entries(): Map<string, Response> {
  return cache.all.get(CACHE_NAME) as Map<string, Response>
}

const problemOf = ({ problem }: ScoringBundle) => problem?.name ?? null

describe.each([
  ['a directory', directory],
  ['the sync API', api],
])('a bundle of %s', (_where, source) => {
  test('opens and scores', async () => {
    const bundle = await open(source())
    expect(bundle.problem).toBeNull()
    expect((await bundle.score(row)).probabilities).toHaveLength(2)
  })

  test('is asked for again at each open, but its files are fetched once', async () => {
    await open(source())
    server.requests.length = 0
    await open(source())
    expect(server.requests).toEqual([new URL(source()).pathname.replace(/\/$/, '/manifest.json')])
  })

  test('opens without a network once it was open, and tells why', async () => {
    await open(source())
    await server.close()
    const bundle = await open(source())
    expect([bundle.manifest.version, problemOf(bundle)]).toEqual([3, 'BundleUnavailable'])
    expect((await bundle.score(row)).probabilities).toHaveLength(2)
  })

  test('is replaced by a newer version, of which only the changed files are fetched and kept', async () => {
    await open(source())
    publish(server, version(4))
    server.requests.length = 0
    expect((await open(source())).manifest.version).toBe(4)
    expect(server.requests).toHaveLength(1)
    // the manifest, three files, and the entry that names the active manifest
    expect(entries().size).toBe(5)
  })
})

describe('the last good bundle stays when', () => {
  beforeEach(async () => {
    await open()
  })

  test.each([
    ['an older version', () => publish(server, version(2)), 'BundleTooOld'],
    [
      'a newer version that fails its golden cases',
      () => publish(server, version(4, BAD_LABELS)),
      'InvalidBundle',
    ],
    [
      'a newer version that is expired',
      () => publish(server, version(4, { expires: '2020-01-01' })),
      'BundleExpired',
    ],
    ['no manifest', () => server.files.delete('/bundle/manifest.json'), 'BundleUnavailable'],
    [
      "a server's own page",
      () => server.files.set('/bundle/manifest.json', new TextEncoder().encode('<!doctype html>')),
      'InvalidBundle',
    ],
  ])('the source serves %s', async (_what, change, problem) => {
    change()
    for (const _time of [1, 2]) {
      const bundle = await open()
      expect([bundle.manifest.version, problemOf(bundle)]).toEqual([3, problem])
    }
  })

  test('a file of a newer version is damaged on its way', async () => {
    const next = changed(tree, (m) => Object.assign(m, { version: 4 }), {
      'vectors.json': new TextEncoder().encode(`${new TextDecoder().decode(tree['vectors.json'])} `),
    })
    publish(server, { ...next, 'vectors.json': withOtherByte(next['vectors.json'] as Uint8Array) })
    const bundle = await open()
    expect([bundle.manifest.version, bundle.problem]).toMatchObject([
      3,
      { name: 'InvalidBundle', file: 'vectors.json' },
    ])
  })

  test('the source does not answer in time', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) =>
      ms <= 3_000 ? AbortSignal.abort() : new AbortController().signal,
    )
    const bundle = await open()
    vi.restoreAllMocks()
    expect([bundle.manifest.version, problemOf(bundle)]).toEqual([3, 'BundleUnavailable'])
  })
})

describe('what never answers', () => {
  const never = () => new Promise<never>(() => {})

  afterEach(() => {
    vi.useRealTimers()
  })

  /** Open while the clock runs on, from when something is asked that never answers. */
  async function openInTime(options: (asked: () => Promise<never>) => object): Promise<ScoringBundle> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let [ended, stuck] = [false, false]
    const ask = () => {
      stuck = true
      return never()
    }
    const opening = open(directory(), options(ask))
    const end = () => {
      ended = true
    }
    opening.then(end, end)
    while (!ended) {
      if (stuck) await vi.advanceTimersByTimeAsync(1_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    vi.useRealTimers()
    return await opening
  }

  test('is given up, also where a page’s fetch ignores its signal', async () => {
    await open()
    const bundle = await openInTime((fetch) => ({ fetch }))
    expect([bundle.manifest.version, problemOf(bundle)]).toEqual([3, 'BundleUnavailable'])
    const first = openInTime((fetch) => ({ fetch, cache: null }))
    await expect(first).rejects.toMatchObject({ name: 'BundleUnavailable' })
  })

  test('as a Cache Storage is done without, and that is said', async () => {
    const bundle = await openInTime((open) => ({ cache: { open } }))
    expect([bundle.manifest.version, problemOf(bundle)]).toEqual([3, 'BundleNotKept'])
  })
})

test('an older version tells both versions', async () => {
  await open()
  publish(server, version(1))
  expect((await open()).problem).toMatchObject({ version: 1, active: 3 })
})

describe('an older version that the sync API was told to serve', () => {
  const saying = (release: string) => async (url: string, init: RequestInit) => {
    const response = await fetch(url, init)
    const headers = { ...Object.fromEntries(response.headers), 'edgefold-release': release }
    return new Response(await response.arrayBuffer(), { status: response.status, headers })
  }

  test('is taken and kept: it was rolled back', async () => {
    await open(api(), { fetch: saying('7') })
    publish(server, version(2))
    expect(await open(api(), { fetch: saying('8') })).toMatchObject({
      problem: null,
      manifest: { version: 2 },
    })
    await server.close()
    expect((await open(api())).manifest.version).toBe(2)
  })

  test.each(['6', '7', '', 'seven', '1e3'])(
    'is refused where its release is %j, which is not later',
    async (release) => {
      await open(api(), { fetch: saying('7') })
      publish(server, version(2))
      const bundle = await open(api(), { fetch: saying(release) })
      expect([bundle.manifest.version, problemOf(bundle)]).toEqual([3, 'BundleTooOld'])
    },
  )
})

test('the same version may change: it is replaced', async () => {
  await open()
  publish(server, version(3, { created: '2026-12-01T00:00:00Z' }))
  const bundle = await open()
  expect([bundle.problem, bundle.manifest.members.created]).toEqual([null, '2026-12-01T00:00:00Z'])
})

describe('what is kept', () => {
  const isFile = (url: string) => url.includes('edgefold-sha256')

  test('is fetched again where it is damaged, and mended', async () => {
    await open()
    for (const url of [...entries().keys()].filter(isFile)) {
      const bytes = new Uint8Array(await (entries().get(url) as Response).clone().arrayBuffer())
      entries().set(url, new Response(withOtherByte(bytes) as Uint8Array<ArrayBuffer>))
    }
    expect((await open()).problem).toBeNull()
    await server.close()
    expect((await open()).manifest.version).toBe(3)
  })

  test('is not opened without a network where one file is damaged', async () => {
    await open()
    const [url] = [...entries().keys()].filter(isFile)
    entries().set(url as string, new Response('damaged'))
    await server.close()
    await expect(open()).rejects.toThrow(
      expect.objectContaining({ name: expect.stringMatching(/^(BundleUnavailable|InvalidBundle)$/) }),
    )
  })

  test('is nothing where a manifest of another format was kept, and then replaced', async () => {
    await open()
    entries().set([...entries().keys()].find((url) => !isFile(url)) as string, new Response('0'.repeat(64)))
    expect((await open()).problem).toBeNull()
  })

  test('is not opened after its last day, and that is said', async () => {
    publish(server, version(3, { expires: '2027-01-01T00:00:00Z' }))
    await open(directory(), { now: () => Date.UTC(2026, 0, 1) })
    await server.close()
    const late = open(directory(), { now: () => Date.UTC(2028, 0, 1) })
    await expect(late).rejects.toThrow(
      expect.objectContaining({
        name: 'BundleExpired',
        cause: expect.objectContaining({ name: 'BundleUnavailable' }),
      }),
    )
  })

  test('of two sources does not mix', async () => {
    await open(directory())
    await open(api())
    publish(server, version(4))
    await open(directory())
    await server.close()
    expect((await open(api())).manifest.version).toBe(3)
    expect((await open(directory())).manifest.version).toBe(4)
  })

  test('is whole, and the newest, when two tabs keep two versions at once', async () => {
    const other = new TextEncoder().encode(`${new TextDecoder().decode(tree['vectors.json'])} `)
    const newer = await contentOf(
      changed(tree, (m) => Object.assign(m, { version: 4 }), { 'vectors.json': other }),
    )
    const older = await contentOf(version(3))
    for (const both of [
      [older, newer],
      [newer, older],
    ]) {
      const plain = await memoryCaches().open('')
      const put: Cache['put'] = async (...entry) => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        await plain.put(...entry)
      }
      const slow = { ...plain, put } as Cache
      await Promise.all(both.map((content) => keep(slow, `${server.url}/m`, content)))
      const kept = await readKept(slow, `${server.url}/m`)
      expect([kept?.manifest.version, kept?.files.size]).toEqual([4, 3])
    }
  })

  test('a bundle that the browser has no room for scores all the same, and that is said', async () => {
    const full = memoryCaches()
    const refusing = {
      open: async (name: string) =>
        Object.assign(await full.open(name), { put: () => Promise.reject(new Error('quota')) }),
    }
    const bundle = await open(directory(), { cache: refusing })
    expect(bundle.problem).toMatchObject({ name: 'BundleNotKept', reason: 'quota' })
    expect((await bundle.score(row)).probabilities).toHaveLength(2)
  })

  test('a browser that forbids storage scores all the same, and that is said', async () => {
    const forbidden = { open: () => Promise.reject(new DOMException('forbidden', 'SecurityError')) }
    expect(problemOf(await open(directory(), { cache: forbidden }))).toBe('BundleNotKept')
  })
})

describe('without anything kept', () => {
  test('a source that is not reached is told with its URL', async () => {
    const url = `${server.url}/bundle/manifest.json`
    await server.close()
    await expect(open()).rejects.toThrow(expect.objectContaining({ name: 'BundleUnavailable', url }))
  })

  test('a bad bundle is refused and not kept', async () => {
    publish(server, version(3, BAD_LABELS))
    await expect(open()).rejects.toThrow(expect.objectContaining({ name: 'InvalidBundle' }))
    expect(entries().size).toBe(0)
  })

  test('and without Cache Storage a bundle opens, by the fetch that is given', async () => {
    const asked: string[] = []
    const bundle = await open(directory(), {
      cache: null,
      fetch: (url, init) => {
        asked.push(url)
        return fetch(url, init)
      },
    })
    expect(bundle.problem).toBeNull()
    expect(asked.sort()).toEqual(
      ['manifest.json', 'model.onnx', 'reducer.json', 'vectors.json'].map((file) => `${directory()}${file}`),
    )
  })

  test.each(['bundle/', 'http://127.0.0.1/bundle', 'http://127.0.0.1/v1/bundles/manifest'])(
    'the source %s is refused',
    async (source) => {
      await expect(open(source)).rejects.toThrow(
        expect.objectContaining({ name: 'InvalidBundle', file: 'the source' }),
      )
    },
  )
})
