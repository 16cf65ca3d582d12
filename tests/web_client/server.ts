/** A sync server in memory: the decision table of PROTOCOL.md, line by line, and the faults that a real one may have. */

import { add, type Carried, carry, keep } from '../../web_client/src/reducer/carry.js'
import { fold, merge } from '../../web_client/src/reducer/fold.js'
import { type Kept, keptFromJson } from '../../web_client/src/reducer/kept.js'
import { type Profile, profileFromJson, profileToJson } from '../../web_client/src/reducer/profile.js'
import type { Spec } from '../../web_client/src/reducer/spec.js'

const MAX_IDS = 1_024
const NOTHING: Kept = keptFromJson({ last_ms: null, states: {} })

export interface Contribution {
  readonly acked: number
  readonly recent: readonly string[]
  readonly kept: Kept
}

export interface DiffRequest {
  readonly replica: string
  readonly spec: string
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly prev: string
  readonly ids: readonly string[]
  readonly delta: object
  readonly since?: Readonly<Record<string, number>>
  readonly subject_tag?: string | null
}

/** A fault planted in the server, to see that the tests find it. */
export type Fault =
  | 'none'
  | 'applies twice'
  | 'drops'
  | 'ignores overlap'
  | 'forgets other specs'
  | 'never says since'

export class Server {
  contributions: ReadonlyMap<string, Contribution> = new Map()
  epoch = 0
  attributes: Record<string, unknown> = {}
  serverTimeMs = 1_767_225_600_000

  /** Whose subject this is; null for a server that does not tell. */
  subjectTag: string | null = null

  /** `spec` is the newest of the live ones. */
  constructor(
    readonly spec: Spec,
    readonly fault: Fault = 'none',
    readonly specs: readonly Spec[] = [spec],
  ) {}

  /** What `GET /v1/profile` answers, by one of the live specs. */
  profile(replica: string, spec = this.spec): Record<string, unknown> {
    const { acked, recent } = this.of(replica)
    const others = this.merged(
      spec,
      [...this.contributions].filter(([name]) => name !== replica),
    )
    return {
      spec: spec.id,
      epoch: this.epoch,
      acked,
      head: recent.at(-1) ?? '',
      recent,
      others: JSON.parse(profileToJson(others.profile)),
      since: Object.fromEntries(this.fault === 'never says since' ? [] : others.sinceMs),
      ...(this.subjectTag === null ? {} : { subject_tag: this.subjectTag }),
      attributes: this.attributes,
      server_time_ms: this.serverTimeMs,
    }
  }

  /** What `POST /v1/diffs` answers. */
  put(diff: DiffRequest): Record<string, unknown> {
    if (diff.epoch > this.epoch) {
      // The server has gone back to before an erasure.
      this.contributions = new Map()
      this.epoch = diff.epoch
    }
    const [outcome, overlap] = this.decide(diff)
    if (outcome === 'applied' || outcome === 'replaced') this.store(diff, outcome)
    return { ...this.profile(diff.replica, this.specOf(diff.spec)), outcome, overlap, retry_after_ms: 0 }
  }

  private decide(diff: DiffRequest): [string, readonly string[]] {
    const { acked, recent } = this.of(diff.replica)
    const head = recent.at(-1) ?? ''
    const idOfAcked = diff.ids[acked - diff.to + diff.ids.length - 1]
    const applies = diff.from === acked + 1 && diff.prev === head
    const replaces = diff.from === 0 && diff.to >= acked && (acked === 0 || idOfAcked === head)
    if (applies || replaces) {
      const elsewhere = new Set(
        [...this.contributions]
          .filter(([name]) => name !== diff.replica)
          .flatMap(([, other]) => [...other.recent]),
      )
      const overlap = diff.ids.filter((id) => elsewhere.has(id))
      if (overlap.length > 0 && this.fault !== 'ignores overlap') return ['overlap', overlap]
      return [applies ? 'applied' : 'replaced', []]
    }
    if (diff.from > 0 && diff.to === acked && diff.ids.at(-1) === head) return ['duplicate', []]
    return [diff.from > acked + 1 ? 'gap' : 'fork', []]
  }

  private store(diff: DiffRequest, outcome: string): void {
    const before = this.of(diff.replica)
    const delta = profileFromJson(this.specOf(diff.spec), diff.delta)
    const since = new Map(Object.entries(diff.since ?? {}))
    const over = this.fault === 'forgets other specs' ? undefined : before.kept
    let kept = outcome === 'replaced' ? keep(delta, since, over) : add(before.kept, delta, since)
    if (this.fault === 'applies twice') kept = add(kept, delta)
    if (this.fault === 'drops') kept = before.kept
    const recent = outcome === 'replaced' ? diff.ids : [...before.recent, ...diff.ids].slice(-MAX_IDS)
    this.contributions = new Map(this.contributions).set(diff.replica, { acked: diff.to, recent, kept })
  }

  /** The live spec of an id. */
  specOf(id: string): Spec {
    const spec = this.specs.find((each) => each.id === id)
    if (spec === undefined) throw new Error(`the spec ${id} is not live`)
    return spec
  }

  /** The subject's profile by a spec. */
  whole(spec = this.spec): Profile {
    return this.carried(spec).profile
  }

  /** The subject's profile by a spec, and since when what does not count all events does. */
  carried(spec: Spec): Carried {
    return this.merged(spec, [...this.contributions])
  }

  erase(): number {
    this.contributions = new Map()
    return ++this.epoch
  }

  /** Return the function that puts the server back to what it is now. */
  backup(): () => void {
    const { contributions, epoch } = this
    return () => {
      this.contributions = contributions
      this.epoch = epoch
    }
  }

  private of(replica: string): Contribution {
    return this.contributions.get(replica) ?? { acked: 0, recent: [], kept: NOTHING }
  }

  private merged(spec: Spec, held: readonly (readonly [string, Contribution])[]): Carried {
    const sinceMs = new Map<string, number>()
    let profile = fold(spec, [])
    for (const [, { kept }] of held) {
      const one = carry(spec, kept)
      profile = merge(spec, profile, one.profile)
      for (const [hash, ms] of one.sinceMs) sinceMs.set(hash, Math.max(ms, sinceMs.get(hash) ?? 0))
    }
    return { profile, sinceMs }
  }
}

/** What a network may do to one request: `refuse` answers it with a status and a problem. */
export type Mood =
  | 'works'
  | 'loses the request'
  | 'loses the reply'
  | { readonly refuse: number; readonly name?: string; readonly headers?: Record<string, string> }

/** A server behind `fetch`, with every request that it was sent. */
export class Network {
  readonly requests: {
    readonly method: string
    readonly url: string
    readonly body: string
    readonly token: string
  }[] = []
  mood: Mood = 'works'
  /** The tokens that are accepted; null for any. */
  tokens: readonly string[] | null = null

  constructor(readonly server: Server) {}

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { mood } = this
    const url = String(input)
    const { method = 'GET' } = init
    const body = String(init.body ?? '')
    const token = new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? ''
    this.requests.push({ method, url, body, token })
    if (mood === 'loses the request') throw new TypeError('the network is down')
    if (typeof mood === 'object') return refusal(mood.refuse, mood.name ?? 'Whatever', {}, mood.headers)
    if (this.tokens !== null && !this.tokens.includes(token)) return refusal(401, 'InvalidToken', {})
    const answer = this.answer(method, url, body)
    if (mood === 'loses the reply') throw new TypeError('the connection was reset')
    return answer
  }

  private answer(method: string, url: string, body: string): Response {
    if (method === 'DELETE') return Response.json({ epoch: this.server.erase() })
    if (method === 'GET') {
      const asked = new URL(url, 'https://any').searchParams
      const spec = this.server.specs.find(({ id }) => id === asked.get('spec')) ?? this.server.spec
      return Response.json(this.server.profile(asked.get('replica') ?? '', spec))
    }
    const diff = JSON.parse(body) as DiffRequest
    const tag = diff.subject_tag ?? null
    if (tag !== null && tag !== this.server.subjectTag) return refusal(409, 'SubjectMismatch', {})
    if (!this.server.specs.some(({ id }) => id === diff.spec)) {
      return refusal(409, 'SpecMismatch', { given: diff.spec, expected: this.server.spec.id })
    }
    if (diff.epoch < this.server.epoch) return refusal(410, 'SubjectErased', { epoch: this.server.epoch })
    return Response.json(this.server.put(diff))
  }
}

function refusal(
  status: number,
  name: string,
  values: Record<string, unknown>,
  headers: Record<string, string> = {},
): Response {
  const members = { type: `https://edgefold.dev/problems/${name}`, title: name, status, detail: 'no.', name }
  return Response.json({ ...members, ...values }, { status, headers })
}
