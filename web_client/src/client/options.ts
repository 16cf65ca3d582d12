/** The options of `openClient`, parsed like any untrusted input: most pages are plain JavaScript. */

import { type BundleFiles, InvalidBundle, type ScoringBundle } from '../bundle/index.js'
import { sourceOf } from '../bundle/source.js'
import type { StoreKind } from '../log/store/open.js'
import type { Store } from '../log/store/store.js'
import type { Lifecycle } from '../platform/lifecycle.js'
import { isObject, isWellFormed } from '../reducer/canonical.js'
import { InvalidSpec } from '../reducer/errors.js'
import { parseSpec, type Spec } from '../reducer/spec.js'
import { isToken, type SyncOptions } from '../sync/transport.js'
import { InvalidOptions } from './errors.js'

/** What `openClient` was asked for, checked. */
export interface Settings {
  readonly bundle: string | BundleFiles | ScoringBundle
  readonly spec: Spec | null
  readonly sync: SyncOptions | null
  readonly store: StoreKind | Store | ((name: string) => Store)
  readonly name: string
  readonly subject: string | null
  readonly clock: (() => number) | null
  readonly fetch: typeof fetch | null
  readonly lifecycle: Lifecycle | null
}

const OPTIONS = ['bundle', 'spec', 'sync', 'store', 'name', 'subject', 'clock', 'fetch', 'lifecycle']
const SYNC_OPTIONS = ['url', 'token']
const STORES: readonly StoreKind[] = ['indexeddb', 'localstorage', 'memory']
const LIFECYCLE = ['presence', 'onLeave', 'onReturn', 'onOnline']
const MAX_NAME = 256

/** Return the settings that options ask for.
 *
 *  @throws InvalidOptions names the option, its value, what was expected, and the name that may have been meant. */
export function parseOptions(given: unknown): Settings {
  const options = optionsOf('options', given, OPTIONS)
  const store = options.store === undefined ? 'indexeddb' : options.store
  const clock = functionOf('clock', options.clock)
  return {
    bundle: bundleOf(options.bundle),
    spec: specOf(options.spec),
    sync: syncOf(options.sync),
    store: storeOf(store),
    name: options.name === undefined ? 'edgefold' : textOf('name', options.name),
    subject: options.subject === undefined ? null : textOf('subject', options.subject),
    clock: clock as (() => number) | null,
    fetch: functionOf('fetch', options.fetch) as typeof fetch | null,
    lifecycle: lifecycleOf(options.lifecycle),
  }
}

/** Return a subject, as `identify` takes it.
 *
 *  @throws InvalidOptions it is no text that could name one. */
export function parseSubject(given: unknown): string {
  return textOf('subject', given)
}

/** Return whether `identify` is to adopt the anonymous log.
 *
 *  @throws InvalidOptions its options are none. */
export function parseAdoption(given: unknown): boolean {
  const { adopt = false } = optionsOf('options', given, ['adopt'])
  if (typeof adopt !== 'boolean') throw new InvalidOptions('adopt', adopt, 'true or false')
  return adopt
}

function optionsOf(where: string, given: unknown, names: readonly string[]): Record<string, unknown> {
  if (!isObject(given)) throw new InvalidOptions(where, given, `an object of ${names.join(', ')}`)
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    const option = where === 'options' ? name : `${where}.${name}`
    throw new InvalidOptions(
      option,
      given[name],
      `none of that name, but ${names.join(', ')}`,
      nearest(name, names),
    )
  }
  return given
}

function bundleOf(given: unknown): Settings['bundle'] {
  if (typeof given === 'string') return addressOf(given)
  if (isObject(given)) {
    if (typeof given.score === 'function' && isObject(given.spec)) return given as unknown as ScoringBundle
    const files = Object.values(given)
    if (files.length > 0 && files.every((file) => file instanceof Uint8Array)) return given as BundleFiles
  }
  throw new InvalidOptions(
    'bundle',
    given,
    "a bundle's URL, its files as Uint8Arrays by name, or an open bundle",
  )
}

function addressOf(given: string): string {
  try {
    sourceOf(given)
    return given
  } catch (error) {
    if (!(error instanceof InvalidBundle)) throw error
    throw new InvalidOptions('bundle', given, error.expected)
  }
}

function specOf(given: unknown): Spec | null {
  if (given === undefined) return null
  if (typeof given !== 'string' && !isObject(given)) {
    throw new InvalidOptions('spec', given, 'a reducer spec, as JSON or its text')
  }
  try {
    // What parseSpec made is parsed again from its text: it may be of another copy of this package.
    return parseSpec(isObject(given) && typeof given.json === 'string' ? given.json : given)
  } catch (error) {
    if (!(error instanceof InvalidSpec)) throw error
    throw new InvalidOptions('spec', given, `a reducer spec, as JSON or its text (${error.message})`)
  }
}

function syncOf(given: unknown): SyncOptions | null {
  if (given === undefined) return null
  const { url, token } = optionsOf('sync', given, SYNC_OPTIONS)
  // Paths are put after it.
  if (typeof url !== 'string' || !isUrl(url) || /[?#]/.test(url)) {
    throw new InvalidOptions(
      'sync.url',
      url,
      "the sync API's URL, version included and without a query: '/v1'",
    )
  }
  if (typeof token !== 'function' && !isToken(token)) {
    throw new InvalidOptions(
      'sync.token',
      token,
      'a token (a text without spaces), or the function that fetches one',
    )
  }
  return { url, token: token as SyncOptions['token'] }
}

function storeOf(given: unknown): Settings['store'] {
  if (typeof given === 'function') return given as (name: string) => Store
  if (isObject(given)) {
    const isStore = typeof given.transact === 'function' && typeof given.close === 'function'
    if (isStore) return given as unknown as Store
  }
  const kind = STORES.find((kind) => kind === given)
  if (kind !== undefined) return kind
  const meant = typeof given === 'string' ? nearest(given, STORES) : null
  throw new InvalidOptions(
    'store',
    given,
    `one of ${STORES.join(', ')}, a Store, or a function from names to Stores`,
    meant,
  )
}

function lifecycleOf(given: unknown): Lifecycle | null {
  if (given === undefined) return null
  if (isObject(given) && LIFECYCLE.every((name) => typeof given[name] === 'function')) {
    return given as unknown as Lifecycle
  }
  throw new InvalidOptions('lifecycle', given, `an object of the functions ${LIFECYCLE.join(', ')}`)
}

function textOf(option: string, given: unknown): string {
  const fits = typeof given === 'string' && given !== '' && given.length <= MAX_NAME && isWellFormed(given)
  if (fits) return given
  throw new InvalidOptions(option, given, `a text of 1 .. ${MAX_NAME} characters`)
}

function functionOf(option: string, given: unknown): unknown {
  if (given === undefined) return null
  if (typeof given !== 'function') throw new InvalidOptions(option, given, 'a function')
  return given
}

function isUrl(text: string): boolean {
  if (text.trim() === '') return false
  try {
    // Outside of a page a URL may be relative too: the page's own fetch may know to what.
    return ['http:', 'https:'].includes(new URL(text, httpBase()).protocol)
  } catch {
    return false
  }
}

function httpBase(): string {
  const href = globalThis.location?.href ?? ''
  return href.startsWith('http') ? href : 'http://localhost/'
}

/** Return the name that is nearest in spelling, null where none is near. */
export function nearest(given: string, names: readonly string[]): string | null {
  const near = names
    .map((name) => ({ name, distance: distance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= Math.max(2, near.name.length / 3) ? near.name : null
}

/** The number of letters to insert, delete or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= Math.min(a.length, MAX_NAME); i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
