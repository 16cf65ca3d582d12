/** `openBundle`: the newest good bundle of a source, or the last good one where there is no better. */

import { type ActivateOptions, type ActiveBundle, activate } from './activate.js'
import { CACHE_NAME, keep, readKept } from './cache.js'
import { BundleError, BundleNotKept, BundleTooOld } from './errors.js'
import { type BundleContent, type BundleFiles, contentOf } from './files.js'
import type { Manifest } from './manifest.js'
import { type Fetch, fetchContent, type Source, sourceOf } from './source.js'

/** How long a manifest may take where a kept bundle can score in its place, and where none can. */
const MANIFEST_TIMEOUT_MS = { kept: 3_000, first: 30_000 }

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

/** Open a bundle: of files at hand, of a directory URL ending in `/`, or of the sync API's `…/v1/bundles/{name}/manifest`.
 *
 *  The source is asked first. Where it gives no answer in time, a bad bundle, or an older one, the last good bundle is
 *  opened and `problem` tells why.
 *
 *  @throws InvalidBundle there is no good bundle, neither served nor kept.
 *  @throws BundleUnavailable the source was not reached and nothing was kept.
 *  @throws BundleExpired the bundle's last moment is past.
 *  @throws RuntimeNotLoaded what runs the model could not be fetched or started. */
export async function openBundle(
  source: string | BundleFiles,
  options: OpenBundleOptions = {},
): Promise<ScoringBundle> {
  const { fetch = pageFetch, cache: storage = globalThis.caches ?? null, ...rest } = options
  if (typeof source !== 'string') return withProblem(await activate(await contentOf(source), rest), null)
  const place = sourceOf(source)
  const store = await openStore(storage, place)
  const kept = store.kept
  try {
    const timeoutMs = kept === undefined ? MANIFEST_TIMEOUT_MS.first : MANIFEST_TIMEOUT_MS.kept
    const fresh = await fetchContent(place, fetch, timeoutMs, kept, (manifest) =>
      checkVersion(manifest, kept),
    )
    const bundle = await activate(fresh, rest)
    return withProblem(bundle, store.problem ?? (await keepNew(store, place, fresh)))
  } catch (error) {
    if (!(error instanceof BundleError) || kept === undefined) throw error
    return withProblem(await activateKept(kept, rest, error), error)
  }
}

interface Store {
  readonly cache: Cache | undefined
  readonly kept: BundleContent | undefined
  readonly problem: BundleError | null
}

async function openStore(storage: Pick<CacheStorage, 'open'> | null, place: Source): Promise<Store> {
  if (storage === null) return { cache: undefined, kept: undefined, problem: null }
  try {
    const cache = await storage.open(CACHE_NAME)
    return { cache, kept: await readKept(cache, place.manifestUrl), problem: null }
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
  if (cache === undefined || (whole && sameBytes(kept.manifestBytes, fresh.manifestBytes))) return null
  try {
    await keep(cache, place.manifestUrl, fresh)
    return null
  } catch (error) {
    if (error instanceof BundleNotKept) return error
    throw error
  }
}

async function activateKept(
  kept: BundleContent,
  options: ActivateOptions,
  problem: BundleError,
): Promise<ActiveBundle> {
  try {
    return await activate(kept, options)
  } catch (error) {
    if (error instanceof BundleError) error.cause ??= problem
    throw error
  }
}

function checkVersion(manifest: Manifest, kept: BundleContent | undefined): void {
  const active = kept?.manifest
  if (active?.name === manifest.name && manifest.version < active.version) {
    throw new BundleTooOld(manifest.name, manifest.version, active.version)
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
