/** The bundles that the Python exporter wrote, changed copies of them, and where they are served and kept. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { BundleFiles } from '../../web_client/src/bundle/index.js'
import { canonicalJson } from '../../web_client/src/reducer/canonical.js'
import { BUNDLES } from './export_bundles.js'

export type BundleName = 'tree' | 'linear'

// biome-ignore lint/suspicious/noExplicitAny: tests change members of a manifest at will
export type Json = any

/** Read a bundle of the exporter into memory. */
export function readBundle(name: BundleName): BundleFiles {
  const folder = join(BUNDLES, name)
  return Object.fromEntries(
    readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))]),
  )
}

/** Return the JSON of a file of a bundle. */
export function jsonOf(files: BundleFiles, file: string): Json {
  return JSON.parse(new TextDecoder().decode(files[file]))
}

/** Return a bundle with a changed manifest; its files' sizes and hashes are right again. */
export function changed(
  files: BundleFiles,
  change: (manifest: Json) => void,
  replaced: BundleFiles = {},
): BundleFiles {
  const whole: Record<string, Uint8Array> = { ...files, ...replaced }
  const manifest = jsonOf(files, 'manifest.json')
  for (const file of Object.keys(manifest.files)) {
    const bytes = whole[file] as Uint8Array
    manifest.files[file] = { sha256: hashOf(bytes), bytes: bytes.length }
  }
  change(manifest)
  return { ...whole, 'manifest.json': new TextEncoder().encode(canonicalJson(manifest)) }
}

/** Return bytes of which one is another. */
export function withOtherByte(bytes: Uint8Array, at = Math.floor(bytes.length / 2)): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A real HTTP server of files by path, which can be changed and stopped. */
export interface Server {
  readonly url: string
  /** By path, from the first `/`. */
  readonly files: Map<string, Uint8Array>
  /** The paths asked for so far. */
  readonly requests: string[]
  close(): Promise<void>
}

/** Serve a bundle as a directory at `/bundle/` and as the sync API does at `/v1/`. */
export async function serve(bundle: BundleFiles): Promise<Server> {
  const files = new Map<string, Uint8Array>()
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = String(request.url)
    requests.push(path)
    const body = files.get(path)
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const served = { url: `http://127.0.0.1:${port}`, files, requests, close: () => closed(server) }
  publish(served, bundle)
  return served
}

/** Replace what a server serves by another version of the bundle. */
export function publish({ files }: Pick<Server, 'files'>, bundle: BundleFiles): void {
  files.clear()
  for (const [name, bytes] of Object.entries(bundle)) {
    files.set(`/bundle/${name}`, bytes)
    files.set(`/v1/blobs/${hashOf(bytes)}`, bytes)
  }
  files.set('/v1/bundles/test/manifest', bundle['manifest.json'] as Uint8Array)
}

function closed(server: ReturnType<typeof createServer>): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Cache Storage for Node, which has none: real responses in a map, by URL. */
export function memoryCaches(): Pick<CacheStorage, 'open' | 'keys' | 'delete'> & {
  readonly all: Map<string, Map<string, Response>>
} {
  const all = new Map<string, Map<string, Response>>()
  const urlOf = (request: RequestInfo | URL) =>
    new Request(request instanceof Request ? request.url : request).url
  const cacheOf = (entries: Map<string, Response>) => ({
    match: async (request: RequestInfo | URL, { ignoreSearch = false }: CacheQueryOptions = {}) => {
      const plain = (url: string) => (ignoreSearch ? String(url.split('?')[0]) : url)
      const found = [...entries].find(([url]) => plain(url) === plain(urlOf(request)))
      return found?.[1].clone()
    },
    put: async (request: RequestInfo | URL, response: Response) => void entries.set(urlOf(request), response),
    delete: async (request: RequestInfo | URL) => entries.delete(urlOf(request)),
    keys: async () => [...entries.keys()].map((url) => new Request(url)),
    addAll: async (requests: RequestInfo[]) => {
      const fetched = await Promise.all(requests.map((request) => fetch(request)))
      if (!fetched.every(({ ok }) => ok)) throw new TypeError('a request failed')
      requests.forEach((request, index) => {
        entries.set(urlOf(request), fetched[index] as Response)
      })
    },
  })
  return {
    all,
    open: async (name) => {
      if (!all.has(name)) all.set(name, new Map())
      return cacheOf(all.get(name) as Map<string, Response>) as unknown as Cache
    },
    keys: async () => [...all.keys()],
    delete: async (name) => all.delete(name),
  }
}
