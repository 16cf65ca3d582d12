/** The last good bundle of each source, in Cache Storage. Everything is kept by its hash and one entry names the
 *  active manifest, written last: a crash at any point leaves the bundle that was kept before. */

import { withLock } from '../platform/lock.js'
import { BundleNotKept, InvalidBundle } from './errors.js'
import { type BundleContent, sha256Of } from './files.js'
import { type Manifest, parseManifest } from './manifest.js'
import { parseRelease, RELEASE_HEADER } from './source.js'

export const CACHE_NAME = 'edgefold-bundles'

/** The last good bundle of a source, with those of its files that are not damaged; undefined where there is none. */
export function readKept(cache: Cache, manifestUrl: string): Promise<BundleContent | undefined> {
  return withLock(lockOf(manifestUrl), () => readActive(cache, manifestUrl))
}

async function readActive(cache: Cache, manifestUrl: string): Promise<BundleContent | undefined> {
  const active = await cache.match(activeUrl(manifestUrl))
  if (active === undefined) return undefined
  const release = parseRelease(active.headers)
  const manifestBytes = await readBlob(cache, manifestUrl, await active.text())
  if (manifestBytes === undefined) return undefined
  const manifest = parsed(manifestBytes)
  if (manifest === undefined) return undefined
  const files = new Map<string, Uint8Array>()
  for (const [name, { sha256 }] of manifest.files) {
    const bytes = await readBlob(cache, manifestUrl, sha256)
    if (bytes !== undefined) files.set(name, bytes)
  }
  return { manifest, manifestBytes, files, release }
}

/** Keep a whole bundle as the last good one, and drop what only earlier ones had. Where another tab has kept a newer
 *  version in the meantime, that stays.
 *
 *  @throws BundleNotKept there is no room, or the browser forbids it; what was kept before still is. */
export async function keep(cache: Cache, manifestUrl: string, content: BundleContent): Promise<void> {
  try {
    await withLock(lockOf(manifestUrl), () => replaceActive(cache, manifestUrl, content))
  } catch (error) {
    throw new BundleNotKept(content.manifest.name, error instanceof Error ? error.message : String(error), {
      cause: error,
    })
  }
}

async function replaceActive(cache: Cache, manifestUrl: string, content: BundleContent): Promise<void> {
  const { manifest, manifestBytes, files } = content
  const active = await readActive(cache, manifestUrl)
  if (active !== undefined && isOlder(content, active)) return
  const manifestHash = await sha256Of(manifestBytes)
  const blobs = new Map([[manifestHash, manifestBytes]])
  for (const [name, bytes] of files) blobs.set(manifest.files.get(name)?.sha256 as string, bytes)
  for (const [hash, bytes] of blobs) {
    await cache.put(blobUrl(manifestUrl, hash), new Response(bytes as Uint8Array<ArrayBuffer>))
  }
  const headers = content.release === null ? {} : { [RELEASE_HEADER]: String(content.release) }
  await cache.put(activeUrl(manifestUrl), new Response(manifestHash, { headers }))
  await dropOthers(cache, manifestUrl, new Set(blobs.keys()))
}

/** Whether a bundle is an older version than one that is kept. What the sync API was told to serve since is not: it was rolled back. */
export function isOlder(
  { manifest, release }: Pick<BundleContent, 'manifest' | 'release'>,
  kept: BundleContent,
): boolean {
  if (kept.manifest.name !== manifest.name || manifest.version >= kept.manifest.version) return false
  return release === null || kept.release === null || release <= kept.release
}

/** Two tabs that keep two versions at once would else drop each other's files. */
function lockOf(manifestUrl: string): string {
  return `edgefold-bundles ${manifestUrl}`
}

/** A manifest that an earlier version of this package kept and this one does not read is none. */
function parsed(manifestBytes: Uint8Array): Manifest | undefined {
  try {
    return parseManifest(manifestBytes)
  } catch (error) {
    if (error instanceof InvalidBundle) return undefined
    throw error
  }
}

async function dropOthers(cache: Cache, manifestUrl: string, hashes: ReadonlySet<string>): Promise<void> {
  const kept = new Set([activeUrl(manifestUrl), ...[...hashes].map((hash) => blobUrl(manifestUrl, hash))])
  const own = blobUrl(manifestUrl, '')
  for (const { url } of await cache.keys()) {
    if (url.startsWith(own) && !kept.has(url)) await cache.delete(url)
  }
}

async function readBlob(cache: Cache, manifestUrl: string, hash: string): Promise<Uint8Array | undefined> {
  const response = await cache.match(blobUrl(manifestUrl, hash))
  if (response === undefined) return undefined
  const bytes = new Uint8Array(await response.arrayBuffer())
  return (await sha256Of(bytes)) === hash ? bytes : undefined
}

function activeUrl(manifestUrl: string): string {
  return withQuery(manifestUrl, 'edgefold-active', 'manifest')
}

function blobUrl(manifestUrl: string, hash: string): string {
  return withQuery(manifestUrl, 'edgefold-sha256', hash)
}

function withQuery(address: string, name: string, value: string): string {
  const url = new URL(address)
  url.searchParams.set(name, value)
  return url.href
}
