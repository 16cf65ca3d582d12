/** One sync from beginning to end: ask, seal, send, believe, until there is nothing left to send. */

import { asError } from '../log/errors.js'
import type { Log } from '../log/log.js'
import type { Diff } from '../log/store/store.js'
import { withLock } from '../platform/lock.js'
import { randomReplica } from '../platform/random.js'
import type { Spec } from '../reducer/spec.js'
import type { Answer } from './answer.js'
import { ForeignAnswer, InvalidAnswer, ServerProblem, SubjectMismatch } from './errors.js'
import { boundedQuiet, quietLeftMs } from './quiet.js'
import { type Outcome, receive } from './receive.js'
import { type Refusal, refuse } from './refuse.js'
import { seal } from './seal.js'
import type { Transport } from './transport.js'

/** So many rounds may come to nothing before the sync gives up for now: halving 1,024 events to the one refused takes ten. */
const MAX_IDLE_ROUNDS = 24

/** How a sync ended. It never rejects: what went wrong is `error`, and what was not sent is sent later. */
export interface SyncReport {
  /** `synced`: nothing is left to send. `failed`: it is tried again. `local_only`: the client has no server.
   *  `outdated`: a newer client keeps the log, and sends it. `waiting`: the server asked for time, or what is left is ahead of its clock. */
  readonly outcome: 'synced' | 'waiting' | 'failed' | 'outdated' | 'local_only'
  /** What each answer came to, in order. */
  readonly steps: readonly (Outcome | Refusal)[]
  readonly error: Error | null
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number
}

export interface CourierOptions {
  readonly name: string
  readonly spec: Spec
  readonly log: Log
  readonly transport: Transport
  readonly wall: () => number
  /** Ends what is under way. */
  readonly ending: AbortSignal
  readonly onError: (error: Error) => void
}

export interface Courier {
  /** Sync, after whatever other tab is at it. `ask` says to ask for the profile though nothing may be new. */
  run(ask: boolean): Promise<SyncReport>
  /** Send what is sealed, of a page that is leaving: the request has begun when this returns.
   *
   *  @returns whether there was something to send, and it could be sent so. */
  leave(): boolean
  /** How long the server wants silence still, in milliseconds, as far as this tab knows. */
  quietMs(): number
}

/** Return the courier between a log and its server. */
export function createCourier(options: CourierOptions): Courier {
  const { name, spec, log, transport, wall, ending, onError } = options

  /** The server is told of the diff only when it is on the disk: what is sent again must be the same. */
  const sealed = (): Promise<Diff | null> =>
    log.change(
      (state) => {
        const next = seal(spec, state, wall())
        return { state: next, result: next.body.sealed }
      },
      { strict: true },
    )

  function accept(answer: Answer): Promise<Outcome> {
    return log.change(
      (state) => {
        const received = receive(spec, state, answer, randomReplica(), wall())
        const head = { ...received.state.head, syncedMs: wall() }
        const heard = ['stale', 'mismatched'].includes(received.outcome) ? state : { ...received.state, head }
        return { state: heard, result: received.outcome }
      },
      { strict: true },
    )
  }

  const quietMs = () => quietLeftMs(log.head().quietUntilMs, Date.now())

  /** All tabs of the log keep the silence that the server asked for, and those that are opened later. */
  async function keepQuiet(retryAfterMs: number): Promise<void> {
    const quietUntilMs = Date.now() + retryAfterMs
    await log.change(
      (state) => {
        if (state.head.quietUntilMs >= quietUntilMs) return { state, result: undefined }
        return { state: { ...state, head: { ...state.head, quietUntilMs } }, result: undefined }
      },
      { anySpec: true },
    )
  }

  async function refused(diff: Diff, problem: ServerProblem): Promise<Refusal> {
    const refusal = await log.change<Refusal>(
      (state) => {
        // Another tab may have had its answer meanwhile.
        const same = state.body.sealed !== null && sameDiff(state.body.sealed, diff)
        if (!same && problem.status !== 410) return { state, result: 'split' as const }
        const result = refuse(state, problem, wall(), randomReplica())
        return { state: result.state, result: result.refusal }
      },
      { strict: true },
    )
    return refusal
  }

  async function rounds(ask: boolean, steps: (Outcome | Refusal)[]): Promise<SyncReport> {
    const done = (outcome: SyncReport['outcome'], error: Error | null = null, retryAfterMs = 0) => ({
      outcome,
      steps,
      error,
      retryAfterMs,
    })
    // Whoever held the lock before may have been asked for silence.
    await log.look()
    if (log.outdated()) return done('outdated')
    if (quietMs() > 0) return done('waiting', null, quietMs())
    let asking = ask || log.head().epoch === null
    for (let idle = 0; idle < MAX_IDLE_ROUNDS; idle++) {
      if (asking) {
        const answer = await transport.profile(spec, log.head().replica)
        const outcome = await accept(answer)
        steps.push(outcome)
        if (outcome === 'mismatched') return done('failed', mismatch(answer.subjectTag))
        asking = isAnother(outcome)
        if (asking) continue
      }
      const diff = await sealed()
      if (diff === null) return done(log.head().last > log.head().acked ? 'waiting' : 'synced')
      try {
        const answer = await transport.send(spec, diff)
        const before = log.head()
        const outcome = await accept(answer)
        steps.push(outcome)
        if (outcome === 'mismatched') return done('failed', mismatch(answer.subjectTag))
        if (log.head().acked > before.acked || log.head().last < before.last) idle = -1
        asking = isAnother(outcome)
        if (answer.retryAfterMs > 0) return done('waiting', null, boundedQuiet(answer.retryAfterMs))
      } catch (error) {
        if (!(error instanceof ServerProblem)) throw error
        if (error.name === 'SubjectMismatch') return done('failed', mismatch(error.values.expected))
        const refusal = await refused(diff, error)
        steps.push(refusal)
        asking = refusal === 'erased'
        if (refusal === 'kept' || refusal === 'unsealed') return done('failed', error, error.retryAfterMs)
      }
    }
    return done(
      'failed',
      new InvalidAnswer('the outcome', steps.slice(-3), 'one that lets the next diff be applied'),
    )
  }

  function mismatch(tag: unknown): Error {
    return new SubjectMismatch(log.head().subject, typeof tag === 'string' ? tag : '')
  }

  return {
    quietMs,
    async run(ask) {
      const steps: (Outcome | Refusal)[] = []
      const wholly = async () => {
        const report = await rounds(ask, steps).catch((error: unknown) => failed(steps, error))
        // The silence begins before another tab gets the lock.
        if (report.retryAfterMs > 0) await keepQuiet(report.retryAfterMs).catch(onError)
        return report
      }
      return await withLock(`${name}:sync`, wholly, ending).catch((error: unknown) => failed(steps, error))
    },
    leave() {
      const diff = log.sealedAhead()
      const sent = diff === null ? null : transport.sendNow(spec, diff)
      // Of a page that goes on this is an answer like any other; what went wrong, the next sync meets again.
      sent?.then(accept).catch(() => {})
      return sent !== null
    },
  }
}

function failed(steps: SyncReport['steps'], error: unknown): SyncReport {
  const asked = error instanceof ServerProblem || error instanceof ForeignAnswer ? error.retryAfterMs : 0
  return { outcome: 'failed', steps, error: asError(error), retryAfterMs: asked }
}

/** Whether this is another replica now: what `others` are to it the answer to the one before did not say. */
function isAnother(outcome: Outcome): boolean {
  return outcome === 'forked' || outcome === 'erased' || outcome === 'stale'
}

function sameDiff(a: Diff, b: Diff): boolean {
  return a.replica === b.replica && a.from === b.from && a.to === b.to && a.delta === b.delta
}
