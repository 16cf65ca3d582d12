/** Where a bundle is served: a directory of a static host, or the sync API. */

import { within } from '../platform/within.js'
import { BundleUnavailable, InvalidBundle } from './errors.js'
import { type BundleContent, checkFile } from './files.js'
import { type Manifest, parseManifest } from './manifest.js'

const FILE_TIMEOUT_MS = 60_000
export const RELEASE_HEADER = 'edgefold-release'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface Source {
  readonly manifestUrl: string
  fileUrl(name: string, sha256: string): string
}

/** Return the source of a URL: a directory, which ends in `/`, or the sync API's `…/v1/bundles/{name}/manifest`.
 *
 *  @throws InvalidBundle it is neither, or relative where there is no page to be relative to. */
export function sourceOf(address: string): Source {
  const url = absolute(address)
  url.hash = ''
  if (url.pathname.endsWith('/')) {
    const beside = (name: string) => new URL(`${encodeURIComponent(name)}${url.search}`, url).href
    return { manifestUrl: beside('manifest.json'), fileUrl: beside }
  }
  if (/\/v1\/bundles\/[^/]+\/manifest$/.test(url.pathname)) {
    return { manifestUrl: url.href, fileUrl: (_name, sha256) => new URL(`../../blobs/${sha256}`, url).href }
  }
  throw new InvalidBundle(
    'the source',
    address,
    'a directory URL ending in / or …/v1/bundles/{name}/manifest',
  )
}

/** Fetch what a source serves now; files that `known` has already are not fetched again. `onFile` is called with each file as it is
 *  verified; what it throws ends the rest.
 *
 *  @throws BundleUnavailable a file did not arrive within `timeoutMs` (the manifest) or FILE_TIMEOUT_MS.
 *  @throws InvalidBundle a file is not what the manifest says. */
export async function fetchContent(
  source: Source,
  fetch: Fetch,
  timeoutMs: number,
  known: BundleContent | undefined,
  accept: (manifest: Manifest, release: number | null) => void,
  onFile: (content: BundleContent, name: string) => void = () => {},
): Promise<BundleContent> {
  const { bytes: manifestBytes, release } = await fetchBytes(fetch, source.manifestUrl, timeoutMs)
  const manifest = parseManifest(manifestBytes)
  accept(manifest, release)
  const byHash = new Map<string, Uint8Array>()
  for (const [name, bytes] of known?.files ?? []) {
    byHash.set(known?.manifest.files.get(name)?.sha256 as string, bytes)
  }
  const fetched = await Promise.all(
    [...manifest.files].map(async ([name, declared]) => {
      const held = byHash.get(declared.sha256)
      const url = source.fileUrl(name, declared.sha256)
      const bytes = held ?? (await fetchBytes(fetch, url, FILE_TIMEOUT_MS)).bytes
      await checkFile(name, bytes, declared)
      onFile({ manifest, manifestBytes, files: new Map([[name, bytes]]), release }, name)
      return [name, bytes] as const
    }),
  )
  return { manifest, manifestBytes, files: new Map(fetched), release }
}

/** `no-cache` asks the server whether the browser's copy still holds: a directory's files keep their URLs. */
async function fetchBytes(
  fetch: Fetch,
  url: string,
  timeoutMs: number,
): Promise<{ readonly bytes: Uint8Array; readonly release: number | null }> {
  // A page's own fetch may ignore its signal.
  const fetched = within(async () => {
    const response = await fetch(url, { cache: 'no-cache', signal: AbortSignal.timeout(timeoutMs) })
    if (!response.ok) return response.status
    const release = parseRelease(response.headers)
    return { bytes: new Uint8Array(await response.arrayBuffer()), release }
  }, timeoutMs)
  const found = await fetched.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BundleUnavailable(url, reason, { cause: error })
  })
  if (typeof found === 'number') throw new BundleUnavailable(url, `status ${found}`)
  return found
}

/** Return the number of a release that a response tells, null where it tells none. */
export function parseRelease(headers: Headers): number | null {
  const text = headers.get(RELEASE_HEADER) ?? ''
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null
}

function absolute(address: string): URL {
  try {
    return new URL(address, globalThis.location?.href)
  } catch (error) {
    throw new InvalidBundle('the source', address, 'a URL, absolute outside of a page', { cause: error })
  }
}
