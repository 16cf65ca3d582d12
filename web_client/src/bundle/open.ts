/** `openBundle`: the newest good bundle of a source, or the last good one where there is no better. */

import { within } from '../platform/within.js'
import type { Spec } from '../reducer/spec.js'
import { type ActivateOptions, type ActiveBundle, activate, SPEC_FILE, specOf } from './activate.js'
import { CACHE_NAME, isOlder, keep, readKept } from './cache.js'
import { BundleError, BundleNotKept, BundleTooOld, InvalidBundle } from './errors.js'
import { type BundleContent, type BundleFiles, contentOf } from './files.js'
import { MANIFEST_FILE, type Manifest } from './manifest.js'
import { type Fetch, fetchContent, type Source, sourceOf } from './source.js'

/** How long a manifest may take where a kept bundle can score in its place, and where none can. */
const MANIFEST_TIMEOUT_MS = { kept: 3_000, first: 30_000 }
// A browser's Cache Storage may not answer at all; then the bundle is fetched, and not kept.
const CACHE_TIMEOUT_MS = { read: 5_000, write: 60_000 }

export interface OpenBundleOptions extends ActivateOptions {
  readonly fetch?: Fetch
  /** Where the last good bundle is kept: the browser's `caches` by default, null for nowhere. */
  readonly cache?: Pick<CacheStorage, 'open'> | null
}

/** A bundle that scores: its files, spec, model and golden cases were all verified. */
export interface ScoringBundle extends ActiveBundle {
  /** Why this is the last good bundle and not what the source serves, or why it could not be kept; null when all is well. */
  readonly problem: BundleError | null
}

/** Hears of the bundle's spec as soon as it is known, which is before its model is there. */
export interface SpecListener {
  /** The spec that is wanted; null takes what comes. A bundle of another is refused. */
  readonly wanted: () => Spec | null
  readonly onSpec: (spec: Spec, manifest: Manifest) => void
}

const ANY_SPEC: SpecListener = { wanted: () => null, onSpec() {} }

/** Open a bundle: of files at hand, of a directory URL ending in `/`, or of the sync API's `…/v1/bundles/{name}/manifest`.
 *
 *  The source is asked first. Where it gives no answer in time, a bad bundle, or an older one, the last good bundle is
 *  opened and `problem` tells why.
 *
 *  @throws InvalidBundle there is no good bundle, neither served nor kept.
 *  @throws BundleUnavailable the source was not reached and nothing was kept.
 *  @throws BundleExpired the bundle's last moment is past.
 *  @throws RuntimeNotLoaded what runs the model could not be fetched or started. */
export function openBundle(
  source: string | BundleFiles,
  options: OpenBundleOptions = {},
): Promise<ScoringBundle> {
  return openBundleFor(source, options, ANY_SPEC)
}

/** Open a bundle as `openBundle` does, for somebody who needs its spec before its model. */
export async function openBundleFor(
  source: string | BundleFiles,
  options: OpenBundleOptions,
  listener: SpecListener,
): Promise<ScoringBundle> {
  const { fetch = pageFetch, cache: storage = globalThis.caches ?? null, ...rest } = options
  const open = (content: BundleContent) => {
    tellSpec(content, listener)
    return activate(content, rest)
  }
  const onFile = (content: BundleContent, name: string) => {
    if (name === SPEC_FILE) tellSpec(content, listener)
  }
  if (typeof source !== 'string') {
    return withProblem(await open(await contentOf(source, SPEC_FILE, onFile)), null)
  }
  const place = sourceOf(source)
  const store = await openStore(storage, place)
  const kept = store.kept
  try {
    const timeoutMs = kept === undefined ? MANIFEST_TIMEOUT_MS.first : MANIFEST_TIMEOUT_MS.kept
    const accept = (manifest: Manifest, release: number | null) => {
      checkVersion(manifest, release, kept)
      checkWanted(manifest, listener)
    }
    const fresh = await fetchContent(place, fetch, timeoutMs, kept, accept, onFile)
    const bundle = await open(fresh)
    return withProblem(bundle, store.problem ?? (await keepNew(store, place, fresh)))
  } catch (error) {
    if (!(error instanceof BundleError) || kept === undefined) throw error
    return withProblem(await openKept(() => open(kept), error), error)
  }
}

function tellSpec(content: BundleContent, { wanted, onSpec }: SpecListener): void {
  const spec = specOf(content)
  checkWanted(content.manifest, { wanted })
  onSpec(spec, content.manifest)
}

function checkWanted(manifest: Manifest, { wanted }: Pick<SpecListener, 'wanted'>): void {
  const spec = wanted()
  if (spec !== null && manifest.spec !== spec.id) {
    const expected = `${spec.id}, the spec that the page's log is folded by`
    throw new InvalidBundle(`${MANIFEST_FILE} spec`, manifest.spec, expected)
  }
}

interface Store {
  readonly cache: Cache | undefined
  readonly kept: BundleContent | undefined
  readonly problem: BundleError | null
}

async function openStore(storage: Pick<CacheStorage, 'open'> | null, place: Source): Promise<Store> {
  if (storage === null) return { cache: undefined, kept: undefined, problem: null }
  const read = async () => {
    const cache = await storage.open(CACHE_NAME)
    return { cache, kept: await readKept(cache, place.manifestUrl), problem: null }
  }
  try {
    return await within(read, CACHE_TIMEOUT_MS.read)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const problem = new BundleNotKept(place.manifestUrl, reason, { cause: error })
    return { cache: undefined, kept: undefined, problem }
  }
}

/** Returns why a bundle could not be kept, null where it is. */
async function keepNew(
  { cache, kept }: Store,
  place: Source,
  fresh: BundleContent,
): Promise<BundleError | null> {
  const whole = kept !== undefined && kept.files.size === kept.manifest.files.size
  const same = whole && sameBytes(kept.manifestBytes, fresh.manifestBytes)
  if (cache === undefined || (same && kept.release === fresh.release)) return null
  try {
    await within(() => keep(cache, place.manifestUrl, fresh), CACHE_TIMEOUT_MS.write)
    return null
  } catch (error) {
    if (error instanceof BundleNotKept) return error
    const reason = error instanceof Error ? error.message : String(error)
    return new BundleNotKept(fresh.manifest.name, reason, { cause: error })
  }
}

async function openKept(open: () => Promise<ActiveBundle>, problem: BundleError): Promise<ActiveBundle> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof BundleError) error.cause ??= problem
    throw error
  }
}

function checkVersion(manifest: Manifest, release: number | null, kept: BundleContent | undefined): void {
  if (kept !== undefined && isOlder({ manifest, release }, kept)) {
    throw new BundleTooOld(manifest.name, manifest.version, kept.manifest.version)
  }
}

function withProblem(bundle: ActiveBundle, problem: BundleError | null): ScoringBundle {
  return Object.freeze({ ...bundle, problem })
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function pageFetch(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init)
}
