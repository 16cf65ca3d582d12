/** The server's answers: untrusted JSON, parsed once, here. */

import { MAX_DIFF_EVENTS } from '../log/state.js'
import { isObject, isSafeInteger, member } from '../reducer/canonical.js'
import { InvalidProfile, SpecMismatch } from '../reducer/errors.js'
import { type Profile, profileFromJson } from '../reducer/profile.js'
import { type Spec, validateAttributes } from '../reducer/spec.js'
import { InvalidAnswer } from './errors.js'

/** What the server did with a diff; `profile` where it was only asked. */
export type Decision = 'profile' | 'applied' | 'duplicate' | 'replaced' | 'overlap' | 'gap' | 'fork'

/** The members of `GET /v1/profile` and of `POST /v1/diffs` (PROTOCOL.md). */
export interface Answer {
  /** The replica that the request was of. */
  readonly replica: string
  readonly outcome: Decision
  readonly epoch: number
  readonly acked: number
  readonly head: string
  /** The ids of the events `acked - recent.length + 1 .. acked`. */
  readonly recent: readonly string[]
  readonly others: Profile
  /** By aggregate hash: since when those of `others` count that do not count all events. */
  readonly sinceMs: ReadonlyMap<string, number>
  /** A keyed hash of the subject; null from a server that does not tell it. */
  readonly subjectTag: string | null
  readonly attributes: Readonly<Record<string, unknown>>
  readonly serverTimeMs: number
  readonly overlap: readonly string[]
  readonly retryAfterMs: number
}

const DECISIONS: readonly string[] = ['applied', 'duplicate', 'replaced', 'overlap', 'gap', 'fork']

/** Build the answer to a request of a replica from its JSON.
 *
 *  @throws InvalidAnswer names the member, its value, and what was expected.
 *  @throws SpecMismatch the server folds by another spec. */
export function parseAnswer(spec: Spec, replica: string, toDiff: boolean, value: unknown): Answer {
  if (!isObject(value)) throw new InvalidAnswer('the whole', value, 'an object')
  const of = <Parsed>(name: string, fits: (given: unknown) => given is Parsed, expected: string): Parsed => {
    const given = member(value, name)
    if (!fits(given)) throw new InvalidAnswer(name, given, expected)
    return given
  }
  const served = of('spec', isString, "a spec's id")
  if (served !== spec.id) throw new SpecMismatch(served, spec.id)
  const acked = of('acked', isCount, 'an integer of 0 .. 2^53 - 1')
  const recent = of('recent', isIds, `a list of at most ${MAX_DIFF_EVENTS} ids`)
  const head = of('head', isString, 'the id of the last event')
  if (recent.length > acked) throw new InvalidAnswer('recent', recent, `at most ${acked} ids`)
  if (acked === 0 ? head !== '' : head === '' || head !== (recent.at(-1) ?? head)) {
    throw new InvalidAnswer('head', head, acked === 0 ? 'an empty string' : 'the last id of recent')
  }
  return {
    replica,
    outcome: toDiff ? (of('outcome', isDecision, DECISIONS.join(', ')) as Decision) : 'profile',
    epoch: of('epoch', isCount, 'an integer of 0 .. 2^53 - 1'),
    acked,
    head,
    recent,
    others: parseOthers(spec, member(value, 'others')),
    sinceMs: parseSince(spec, member(value, 'since') ?? {}),
    subjectTag: member(value, 'subject_tag') === undefined ? null : of('subject_tag', isTag, '32 hex digits'),
    attributes: parseAttributes(
      spec,
      of('attributes', isObject as (given: unknown) => given is Record<string, unknown>, 'an object'),
    ),
    serverTimeMs: of('server_time_ms', isCount, 'milliseconds since 1970'),
    overlap: toDiff ? of('overlap', isIds, `a list of at most ${MAX_DIFF_EVENTS} ids`) : [],
    retryAfterMs: toDiff ? of('retry_after_ms', isCount, 'milliseconds') : 0,
  }
}

function parseOthers(spec: Spec, value: unknown): Profile {
  if (!isObject(value)) throw new InvalidAnswer('others', value, 'a profile')
  try {
    return profileFromJson(spec, value)
  } catch (error) {
    if (!(error instanceof InvalidProfile)) throw error
    throw new InvalidAnswer(`${error.where} of others`, error.value, error.expected)
  }
}

function parseSince(spec: Spec, value: unknown): ReadonlyMap<string, number> {
  const entries = isObject(value) ? Object.entries(value) : []
  if (!isObject(value) || !entries.every(([hash, ms]) => spec.aggregates.has(hash) && isCount(ms))) {
    throw new InvalidAnswer('since', value, "an object of milliseconds by the spec's aggregate hashes")
  }
  return new Map(entries as [string, number][])
}

/** A server may know more of a subject than this spec declares; what it declares must be as it says. */
function parseAttributes(spec: Spec, value: Record<string, unknown>): Record<string, unknown> {
  const declared = Object.fromEntries(Object.entries(value).filter(([name]) => spec.attributes.has(name)))
  try {
    validateAttributes(spec, declared)
  } catch (error) {
    throw new InvalidAnswer('attributes', declared, (error as Error).message)
  }
  return declared
}

function isString(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 128
}

function isTag(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}

function isCount(value: unknown): value is number {
  return isSafeInteger(value) && value >= 0
}

function isIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_DIFF_EVENTS && value.every(isString)
}

function isDecision(value: unknown): value is string {
  return typeof value === 'string' && DECISIONS.includes(value)
}
