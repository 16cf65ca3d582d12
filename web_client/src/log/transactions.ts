/** The one way to a log's store: the head is there, by whose spec it is gets noticed, and what fails is tried again. */

import type { Spec } from '../reducer/spec.js'
import { beginLog } from './begin.js'
import { ClockMended, EventsQuarantined, Outdated, StoreFailed } from './errors.js'
import type { Changed, ChangeOptions, LogOptions } from './log.js'
import { MAX_DIFF_EVENTS, RowsMissing, type State, written } from './state.js'
import type { Diff, Found, Head, Quarantine, Read, Store, Write } from './store/store.js'

/** What a transaction of a log has found: a head always. */
export type Ready = Found & { readonly head: Head }

export interface Transactions {
  /** The head as this tab last saw it. */
  head(): Head
  spec(): Spec | null
  setSpec(spec: Spec): void
  /** Whether a newer client has moved the log to another spec. */
  outdated(): boolean
  /** The sealed diff as this tab last saw it. */
  sealed(): Diff | null
  /** Take a head that is known from elsewhere. */
  saw(head: Head): void
  /** Begin the log by the spec that is known by now. */
  begin(): Promise<Head>
  /** Run a transaction on a store that has a head; one that was cleared under an open page begins again. Where it fails for a reason
   *  that may be over, it is run once more, reading what `again` says. */
  transact<Result>(
    read: Read,
    decide: (found: Ready) => Write<Result>,
    options?: { readonly again?: Read; readonly onDone?: () => void },
  ): Promise<Result>
  change<Result>(decide: (state: State) => Changed<Result>, options?: ChangeOptions): Promise<Result>
}

/** Return the transactions of a log whose head is known. */
export function createTransactions(store: Store, first: Head, options: LogOptions): Transactions {
  const { wall, onError } = options
  const { openedMs = wall() } = options
  let { spec } = options
  let head = first
  let sealed: Diff | null = null
  let outdatedTold = false

  const isOutdated = () => spec !== null && head.spec !== spec.id

  function saw(next: Head): void {
    head = next
    tellOutdated()
    options.onChange()
  }

  function tellOutdated(): void {
    if (spec === null || !isOutdated() || outdatedTold) return
    outdatedTold = true
    options.onOutdated?.(new Outdated(spec.id, head.spec))
  }

  async function transact<Result>(
    read: Read,
    decide: (found: Ready) => Write<Result>,
    { again = read, onDone }: { readonly again?: Read; readonly onDone?: () => void } = {},
  ): Promise<Result> {
    for (let failed = false; ; ) {
      const attempt = store.transact(
        failed ? again : read,
        (found): Write<{ head: Head; result: Result } | null> => {
          if (found.head === null) return { result: null }
          const write = decide({ ...found, head: found.head })
          return { ...write, result: { head: write.head ?? found.head, result: write.result } }
        },
      )
      const done = await attempt.catch((error: unknown) => {
        if (!(error instanceof StoreFailed) || error.full || failed) throw error
        failed = true
        return 'failed' as const
      })
      if (done === 'failed') continue
      if (done !== null) {
        onDone?.()
        saw(done.head)
        return done.result
      }
      await begin()
    }
  }

  function begin(): Promise<Head> {
    return beginLog(store, spec, wall(), { openedMs, onQuarantined: tellQuarantined })
  }

  function tellQuarantined({ events, problem }: Quarantine): void {
    onError(new EventsQuarantined(events, problem))
  }

  async function change<Result>(
    decide: (state: State) => Changed<Result>,
    { strict = false, after = 0, anySpec = false }: ChangeOptions = {},
  ): Promise<Result> {
    // Almost always the rows about what is acknowledged are all that is needed; there may be thousands after them.
    const window: Read = { body: true, after, upTo: head.acked + MAX_DIFF_EVENTS, strict }
    for (const read of [window, { body: true, after: 0, strict }]) {
      let quarantine: readonly Quarantine[] = []
      let timeMs = 0
      const done = await transact(read, (found): Write<Changed<Result> | null> => {
        const before = stateOf(found)
        timeMs = before.head.time
        if (!anySpec && before.head.spec !== spec?.id) throw new Outdated(spec?.id ?? null, before.head.spec)
        try {
          const changed = decide(before)
          quarantine = changed.state.body.quarantine.filter(
            (entry) => !before.body.quarantine.includes(entry),
          )
          return written(before, changed.state, changed)
        } catch (error) {
          if (error instanceof RowsMissing) return { result: null }
          throw error
        }
      })
      if (done === null) continue
      sealed = done.state.body.sealed
      quarantine.forEach(tellQuarantined)
      const { time } = done.state.head
      if (time < timeMs) onError(new ClockMended(timeMs, time))
      return done.result
    }
    throw new RowsMissing('all rows suffice always')
  }

  tellOutdated()
  return {
    head: () => head,
    spec: () => spec,
    setSpec(next) {
      spec = next
    },
    outdated: isOutdated,
    sealed: () => (isOutdated() ? null : sealed),
    saw,
    begin,
    transact,
    change,
  }
}

function stateOf({ head, body, events }: Ready): State {
  if (body === null) throw new TypeError('the store has a head without a body; erase it')
  return { head, body, events }
}
