/** The bundle behind the client: its spec first, its model when it is there, tried again later and later while there is none. */

import {
  BundleExpired,
  type BundleFiles,
  InvalidBundle,
  type Manifest,
  type Row,
  type Score,
  type ScoringBundle,
} from '../bundle/index.js'
import { openBundleFor } from '../bundle/open.js'
import { asError, ClientClosed } from '../log/errors.js'
import type { Lifecycle } from '../platform/lifecycle.js'
import { unref } from '../platform/timers.js'
import { within } from '../platform/within.js'
import type { Spec } from '../reducer/spec.js'

const RETRY_MS = { first: 5_000, last: 3_600_000 }
const CLOSE_LIMIT_MS = 5_000
// A page's own bundle may never answer.
const SCORE_LIMIT_MS = 60_000
// Its files have limits of their own, its golden cases have none.
const OPEN_LIMIT_MS = 300_000

export interface Scorer {
  /** The spec that all is folded and scored by; null while nobody could tell it. */
  spec(): Spec | null
  /** When the bundle was made, milliseconds since the Unix epoch: no true clock is before it. 0 where it is not known. */
  createdMs(): number
  /** Resolves once the spec is known, or it is known that nobody can tell it now. */
  readonly first: Promise<void>
  /** Resolves once the model is there.
   *
   *  @throws why it is not, where the last attempt has failed. */
  ready(): Promise<void>
  /** Score a row by the model, which is there. */
  score(row: Row): Promise<Score>
  close(): Promise<void>
}

export interface ScorerOptions {
  readonly bundle: string | BundleFiles | ScoringBundle
  /** The spec that the page ships; a bundle of another is refused. */
  readonly spec: Spec | null
  readonly fetch: typeof fetch | null
  readonly lifecycle: Lifecycle
  /** Called once, as soon as the spec is known, but not for one that was given. */
  readonly onSpec: (spec: Spec) => void
  /** A model is there that was not before. */
  readonly onReady: () => void
  readonly onError: (error: Error) => void
}

/** Open a bundle behind the client. */
export function openScorer(options: ScorerOptions): Scorer {
  const { bundle: given, lifecycle, onError } = options
  const ending = new AbortController()
  let spec = options.spec
  let opened: ScoringBundle | null = null
  let opening: Promise<void> | null = null
  let failure: Error = new ClientClosed('score')
  let failures = 0
  let createdMs = 0
  let timer: ReturnType<typeof setTimeout> | null = null
  let told = () => {}
  const first = new Promise<void>((resolve) => {
    told = resolve
  })

  function learn(next: Spec, manifest: Partial<Manifest>): void {
    const known = spec
    createdMs = createdOf(manifest)
    spec ??= next
    told()
    if (known === null) options.onSpec(next)
  }

  /** Open the bundle, unless that is under way. */
  function attempt(): void {
    if (opening !== null || ending.signal.aborted) return
    cancel()
    opening = load().finally(() => {
      opening = null
      told()
    })
  }

  async function load(): Promise<void> {
    try {
      const loaded = await openBundleFor(
        given as string | BundleFiles,
        options.fetch === null ? {} : { fetch: options.fetch },
        { wanted: () => spec, onSpec: learn },
      )
      if (ending.signal.aborted) return await loaded.close()
      await opened?.close()
      opened = loaded
      failures = 0
      if (loaded.problem !== null) onError(loaded.problem)
      options.onReady()
    } catch (error) {
      failure = asError(error)
      onError(failure)
      failures++
      plan()
    }
  }

  function plan(): void {
    if (ending.signal.aborted || timer !== null || typeof given !== 'string') return
    const backoffMs = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** (failures - 1))
    timer = setTimeout(attempt, backoffMs * (0.5 + Math.random() / 2))
    unref(timer)
  }

  function cancel(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }

  const endOnline = lifecycle.onOnline(() => {
    if (opened === null) attempt()
  })
  const isOwn = !isOpen(given)
  if (isOwn) attempt()
  else if (spec === null || spec.id === given.spec.id) {
    opened = given
    learn(given.spec, given.manifest)
  } else {
    const expected = `${spec.id}, the spec that openClient was given`
    failure = new InvalidBundle('the bundle’s spec', given.spec.id, expected)
    onError(failure)
  }
  if (spec !== null) told()

  return {
    first,
    spec: () => spec,
    createdMs: () => createdMs,
    async ready() {
      if (opened === null) await within(() => opening, OPEN_LIMIT_MS, ending.signal)
      if (opened === null) throw failure
    },
    async score(row) {
      const bundle = opened
      if (bundle === null) throw failure
      try {
        return await within(() => bundle.score(row), SCORE_LIMIT_MS, ending.signal)
      } catch (error) {
        // The source may serve a newer one.
        if (error instanceof BundleExpired && isOwn) {
          failures++
          plan()
        }
        throw error
      }
    },
    async close() {
      ending.abort(new ClientClosed('score'))
      cancel()
      endOnline()
      // A model is released after its runs, and one may never end.
      if (isOwn) await within(async () => await opened?.close(), CLOSE_LIMIT_MS).catch(onError)
    },
  }
}

function createdOf({ members }: Partial<Manifest>): number {
  const created = Date.parse(String(members?.created))
  return Number.isSafeInteger(created) ? created : 0
}

function isOpen(bundle: string | BundleFiles | ScoringBundle): bundle is ScoringBundle {
  return typeof bundle !== 'string' && typeof bundle.score === 'function'
}
