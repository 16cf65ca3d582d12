/** The requests of the sync, and nothing but requests: what an answer means is decided in `sync`. */

import { asError } from '../log/errors.js'
import type { Diff } from '../log/store/store.js'
import { isObject, isSafeInteger, parseJson } from '../reducer/canonical.js'
import type { Spec } from '../reducer/spec.js'
import { type Answer, parseAnswer } from './answer.js'
import { InvalidAnswer, NoAnswer, ServerProblem } from './errors.js'

const TIMEOUT_MS = 30_000
// A browser lets a request outlive its page only while all such bodies together are under 64 KiB.
const MAX_KEEPALIVE_CHARACTERS = 48_000

export interface SyncOptions {
  /** Where the sync API is, version included: '/v1'. */
  readonly url: string
  /** A bearer token, or the function that fetches one; it is called again when the server does not accept the last. */
  readonly token: string | (() => string | Promise<string>)
}

export interface Transport {
  /** `GET /v1/profile` */
  profile(replica: string): Promise<Answer>
  /** `POST /v1/diffs` */
  send(diff: Diff): Promise<Answer>
  /** `DELETE /v1/profile`; returns the epoch that begins. */
  erase(): Promise<number>
}

/** Return the transport to a sync API; `ending` breaks off what is under way. Each of its calls:
 *
 *  @throws NoAnswer nothing usable came, or no token.
 *  @throws ServerProblem the server refused.
 *  @throws InvalidAnswer the answer is not of this protocol.
 *  @throws SpecMismatch the server folds by another spec. */
export function openTransport(
  spec: Spec,
  options: SyncOptions,
  fetcher: typeof fetch,
  ending: AbortSignal,
): Transport {
  const root = options.url.replace(/\/+$/, '')
  let token: string | null = typeof options.token === 'string' ? options.token : null

  async function call(method: string, path: string, body?: string): Promise<unknown> {
    const url = root + path
    const [status, answer] = await attempt(url, method, body)
    if (status !== 401 || typeof options.token === 'string') return answer()
    token = null
    const [, again] = await attempt(url, method, body)
    return again()
  }

  /** The answer is read before its time is over; only then it is looked at. */
  async function attempt(
    url: string,
    method: string,
    body: string | undefined,
  ): Promise<[status: number, answer: () => unknown]> {
    const breaking = new AbortController()
    const end = () => breaking.abort(ending.reason)
    const timer = setTimeout(
      () => breaking.abort(new DOMException(`it took over ${TIMEOUT_MS} ms`, 'TimeoutError')),
      TIMEOUT_MS,
    )
    ending.addEventListener('abort', end)
    try {
      ending.throwIfAborted()
      token ??= typeof options.token === 'string' ? options.token : await options.token()
      const response = await fetcher(url, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        cache: 'no-store',
        signal: breaking.signal,
        ...(body === undefined ? {} : { body, keepalive: body.length <= MAX_KEEPALIVE_CHARACTERS }),
      })
      const text = await response.text()
      return [response.status, () => read(response, text)]
    } catch (error) {
      throw new NoAnswer(url, error)
    } finally {
      clearTimeout(timer)
      ending.removeEventListener('abort', end)
    }
  }

  return {
    profile: async (replica) =>
      parseAnswer(spec, replica, false, await call('GET', `/profile?replica=${replica}`)),
    send: async (diff) =>
      parseAnswer(spec, diff.replica, true, await call('POST', '/diffs', requestOf(diff))),
    async erase() {
      const value = await call('DELETE', '/profile')
      const epoch = isObject(value) ? value.epoch : undefined
      if (!isSafeInteger(epoch) || epoch < 0) throw new InvalidAnswer('epoch', epoch, 'an integer')
      return epoch
    },
  }
}

function requestOf(diff: Diff): string {
  const { delta, ...members } = diff
  // The delta is canonical JSON already; so a diff that is sent again has the same bytes.
  return `${JSON.stringify(members).slice(0, -1)},"delta":${delta}}`
}

function read(response: Response, text: string): unknown {
  if (!response.ok) throw problemOf(response, text)
  try {
    return parseJson(text)
  } catch (error) {
    throw new InvalidAnswer('the whole', text, `JSON (${asError(error).message})`)
  }
}

function problemOf(response: Response, text: string): ServerProblem {
  let value: unknown = null
  try {
    value = JSON.parse(text)
  } catch {
    // A proxy's page: the status is all that it says.
  }
  const values = isObject(value) ? value : {}
  const name = typeof values.name === 'string' ? values.name : `Status${response.status}`
  const detail = typeof values.detail === 'string' ? values.detail : 'it did not say why.'
  return new ServerProblem(response.status, name, detail, values, retryAfterMs(response, values))
}

function retryAfterMs(response: Response, values: Record<string, unknown>): number {
  const header = response.headers.get('retry-after') ?? ''
  const asked = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  const member = isSafeInteger(values.retry_after_ms) ? values.retry_after_ms : 0
  return Math.max(0, member, Number.isFinite(asked) ? asked : 0)
}
