/** What went wrong: kept for `status()`, told to the listeners of 'error', and where there is none, to the console once a kind. */

import { unref } from '../platform/timers.js'

const MAX_ERRORS = 20

export interface Reports {
  /** Tell of an error once, however often it is reported. */
  report(error: Error): void
  /** A listener of this event threw: one of 'error' is not told of itself. */
  threw(event: string, error: Error): void
  /** The last errors, oldest first. */
  last(): readonly Error[]
}

export interface ReportsOptions {
  readonly isHeard: () => boolean
  readonly emit: (error: Error) => void
  readonly onChange: () => void
}

interface Unheard {
  readonly error: Error
  /** Each kind is written once. */
  readonly kind: string
  readonly sentence: string
}

/** Return the reports of a client. What nobody hears waits a task for a listener: a page that has just opened a client adds its own then. */
export function createReports({ isHeard, emit, onChange }: ReportsOptions): Reports {
  const errors: Error[] = []
  const told = new WeakSet<Error>()
  const written = new Set<string>()
  let unheard: Unheard[] = []

  function add(entry: Unheard, tellsChange: boolean): void {
    errors.push(entry.error)
    errors.splice(0, errors.length - MAX_ERRORS)
    if (isHeard()) emit(entry.error)
    else wait(entry)
    if (tellsChange) onChange()
  }

  function wait(entry: Unheard): void {
    unheard.push(entry)
    if (unheard.length === 1) unref(setTimeout(tell))
  }

  function tell(): void {
    const entries = unheard
    unheard = []
    for (const entry of entries) {
      if (isHeard()) emit(entry.error)
      else write(entry)
    }
  }

  function write({ kind, sentence }: Unheard): void {
    if (written.has(kind)) return
    written.add(kind)
    globalThis.console?.error(`edgefold: ${sentence}`)
  }

  return {
    report(error) {
      if (told.has(error)) return
      told.add(error)
      add({ error, kind: error.name, sentence: `${error.name}: ${error.message}` }, true)
    },
    threw(event, error) {
      const sentence = `a listener of '${event}' threw ${error.name}: ${error.message}`
      const entry = { error, kind: `listener of ${event}`, sentence }
      if (event === 'error') write(entry)
      else if (!told.has(error)) {
        told.add(error)
        // A listener of the status that always throws would hear of its own error for ever.
        add(entry, event !== 'status')
      }
    },
    last: () => [...errors],
  }
}
