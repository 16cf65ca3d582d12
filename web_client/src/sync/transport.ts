/** The requests of the sync, and nothing but requests: what an answer means is decided in `sync`. */

import { asError } from '../log/errors.js'
import type { Diff } from '../log/store/store.js'
import { within } from '../platform/within.js'
import { isObject, isSafeInteger, parseJson } from '../reducer/canonical.js'
import type { Spec } from '../reducer/spec.js'
import { type Answer, parseAnswer } from './answer.js'
import { ForeignAnswer, InvalidAnswer, NoAnswer, ServerProblem } from './errors.js'
import { countKeepalive, fitsKeepalive } from './keepalive.js'
import { parseProblem } from './problems.js'
import { retryAfterMs } from './quiet.js'

const TIMEOUT_MS = { token: 30_000, answer: 30_000 }

export interface SyncOptions {
  /** Where the sync API is, version included: '/v1'. */
  readonly url: string
  /** A bearer token, or the function that fetches one for a subject (null where `identify` has named none); it is called again
   *  when the server does not accept the last. */
  readonly token: string | ((subject: string | null) => string | Promise<string>)
}

export interface Transport {
  /** `GET /v1/profile` */
  profile(spec: Spec, replica: string): Promise<Answer>
  /** `POST /v1/diffs` */
  send(spec: Spec, diff: Diff): Promise<Answer>
  /** `POST /v1/diffs` by a page that is leaving: the request has begun when this returns. Null where there is no token at hand, or
   *  the diff is larger than what may outlive a page. */
  sendNow(spec: Spec, diff: Diff): Promise<Answer> | null
  /** `DELETE /v1/profile`; returns the epoch that begins. */
  erase(): Promise<number>
}

export interface TransportOptions extends SyncOptions {
  /** Whom the token is for, as `identify` named them. */
  readonly subject: string | null
  readonly fetch: typeof fetch
  /** Breaks off what is under way. */
  readonly ending: AbortSignal
}

/** What is asked for, but for the token. */
interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly body?: string
}

interface Arrived {
  readonly status: number
  readonly ok: boolean
  readonly text: string
  readonly retryAfter: string | null
}

/** Return the transport to a sync API. Each of its calls:
 *
 *  @throws NoAnswer nothing usable came within the limits, or no token.
 *  @throws ServerProblem the server refused.
 *  @throws ForeignAnswer somebody else answered.
 *  @throws InvalidAnswer the answer is not of this protocol.
 *  @throws SpecMismatch the server folds by another spec. */
export function openTransport({ url, token: given, subject, fetch, ending }: TransportOptions): Transport {
  const root = url.replace(/\/+$/, '')
  let held: string | null = typeof given === 'string' ? given : null

  async function call(asked: Call): Promise<unknown> {
    const first = await attempt(asked, await token(asked.url))
    if (first.status !== 401 || typeof given === 'string') return read(asked, first)
    held = null
    return read(asked, await attempt(asked, await token(asked.url)))
  }

  async function token(url: string): Promise<string> {
    if (held !== null) return held
    try {
      const fetched: unknown = await within(
        () => (typeof given === 'string' ? given : given(subject)),
        TIMEOUT_MS.token,
        ending,
      )
      if (!isToken(fetched)) throw new TypeError('token() gave none; expected a text without spaces')
      held = fetched
      return fetched
    } catch (error) {
      throw new NoAnswer(url, error)
    }
  }

  /** A browser may refuse `keepalive` for reasons of its own: what was rejected with it is tried once without. */
  async function attempt(asked: Call, bearer: string): Promise<Arrived> {
    const bytes = asked.body === undefined ? 0 : bytesOf(asked.body)
    if (bytes > 0 && fitsKeepalive(bytes)) {
      try {
        return await request(asked, bearer, bytes)
      } catch (error) {
        const refused = error instanceof NoAnswer && error.cause instanceof TypeError
        if (!refused || ending.aborted) throw error
      }
    }
    return await request(asked, bearer, 0)
  }

  /** Send now; the answer is read before its time is over, and only then looked at. */
  async function request(asked: Call, bearer: string, keepaliveBytes: number): Promise<Arrived> {
    const breaking = new AbortController()
    const end = countKeepalive(keepaliveBytes)
    try {
      return await within(
        async () => {
          const response = await fetch(
            asked.url,
            requestOf(asked, bearer, keepaliveBytes > 0, breaking.signal),
          )
          const { status, ok, headers } = response
          return { status, ok, text: await response.text(), retryAfter: headers.get('retry-after') }
        },
        TIMEOUT_MS.answer,
        ending,
      )
    } catch (error) {
      breaking.abort(error)
      throw new NoAnswer(asked.url, error)
    } finally {
      end()
    }
  }

  const post = (diff: Diff): Call => ({ method: 'POST', url: `${root}/diffs`, body: bodyOf(diff) })

  return {
    profile: async (spec, replica) => {
      const value = await call({ method: 'GET', url: `${root}/profile?replica=${replica}&spec=${spec.id}` })
      return parseAnswer(spec, replica, false, value)
    },
    send: async (spec, diff) => parseAnswer(spec, diff.replica, true, await call(post(diff))),
    sendNow(spec, diff) {
      const asked = post(diff)
      const bytes = bytesOf(asked.body ?? '')
      if (held === null || ending.aborted || !fitsKeepalive(bytes)) return null
      const sent = request(asked, held, bytes)
      return sent.then((arrived) => parseAnswer(spec, diff.replica, true, read(asked, arrived)))
    },
    async erase() {
      const value = await call({ method: 'DELETE', url: `${root}/profile` })
      const epoch = isObject(value) ? value.epoch : undefined
      if (!isSafeInteger(epoch) || epoch < 0) throw new InvalidAnswer('epoch', epoch, 'an integer')
      return epoch
    },
  }
}

function requestOf(
  { method, body }: Call,
  bearer: string,
  keepalive: boolean,
  signal: AbortSignal,
): RequestInit {
  return {
    method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    cache: 'no-store',
    signal,
    ...(body === undefined ? {} : { body, keepalive }),
  }
}

function bodyOf(diff: Diff): string {
  const { delta, since, subject, ...rest } = diff
  const counted = Object.keys(since).length === 0 ? {} : { since }
  const members = { ...rest, ...counted, ...(subject === null ? {} : { subject_tag: subject }) }
  // The delta is canonical JSON already; so a diff that is sent again has the same bytes.
  return `${JSON.stringify(members).slice(0, -1)},"delta":${delta}}`
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

/** What a header takes: the visible characters of ASCII. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

function read({ url }: Call, { status, ok, text, retryAfter }: Arrived): unknown {
  if (!ok) throw refusalOf(url, status, text, retryAfter)
  try {
    return parseJson(text)
  } catch (error) {
    throw new InvalidAnswer('the whole', text, `JSON (${asError(error).message})`)
  }
}

function refusalOf(url: string, status: number, text: string, retryAfter: string | null): Error {
  const problem = parseProblem(status, text)
  const waitMs = retryAfterMs(retryAfter, problem?.values.retry_after_ms, Date.now())
  if (problem !== null) return new ServerProblem(status, problem.name, problem.detail, problem.values, waitMs)
  if (status !== 413) return new ForeignAnswer(url, status, text.slice(0, 200), waitMs)
  // A proxy may take less than the API. Smaller diffs cost nothing, so that much anybody on the way may say.
  const detail = 'what stands before the API takes no body of this size.'
  return new ServerProblem(status, 'BodyTooLarge', detail, {}, waitMs)
}
