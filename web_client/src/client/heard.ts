/** What the listeners of a client hear, and when: it stands before there is a session that has anything to tell. */

import type { Client, ClientEvents, ScoreResult, Status } from './client.js'
import { InvalidOptions } from './errors.js'
import { createListeners, type Listeners } from './listeners.js'
import { nearest } from './options.js'
import { createReports, type Reports } from './reports.js'
import { coalesced } from './rescore.js'

const EVENTS: readonly string[] = ['score', 'sync', 'status', 'error', 'outdated']

/** What the listeners are told of, once the client is there. */
interface Sources {
  readonly score: () => Promise<ScoreResult>
  readonly status: () => Status
  /** Whose log is in use. */
  readonly inUse: () => unknown
  readonly isClosed: () => boolean
}

export interface Heard {
  readonly listeners: Listeners<ClientEvents>
  /** The page's own way to listen.
   *
   *  @throws InvalidOptions there is no such event, or no listener. */
  readonly on: Client['on']
  readonly reports: Reports
  /** From now on there is something to be heard. */
  serve(sources: Sources): void
  /** Something of the status is another now: listeners hear of several changes at once. */
  changed(): void
  /** A score may be another now. */
  rescore(): void
}

/** Return what is heard of a client that is still to come. */
export function createHeard(): Heard {
  let sources: Sources | null = null
  let due = false
  const listeners = createListeners<ClientEvents>((name, error) => reports.threw(name, error))
  const reports = createReports({
    isHeard: () => listeners.has('error'),
    emit: (error) => listeners.emit('error', error),
    onChange: changed,
  })

  function changed(): void {
    if (due || !listeners.has('status')) return
    due = true
    queueMicrotask(() => {
      due = false
      if (sources !== null) listeners.emit('status', sources.status())
    })
  }

  const again = coalesced(
    async () => {
      const whose = sources?.inUse()
      const result = await sources?.score()
      // A score of the person before is nobody's any more.
      const stands = whose === sources?.inUse() && !sources?.isClosed()
      if (result !== undefined && stands) listeners.emit('score', result)
    },
    (error) => {
      if (!sources?.isClosed()) reports.report(error)
    },
  )

  return {
    listeners,
    reports,
    on(name, listener) {
      if (!EVENTS.includes(name)) {
        throw new InvalidOptions('event', name, `one of ${EVENTS.join(', ')}`, nearest(String(name), EVENTS))
      }
      if (typeof listener !== 'function') throw new InvalidOptions('listener', listener, 'a function')
      return listeners.on(name, listener)
    },
    serve(given) {
      sources = given
    },
    changed,
    rescore() {
      if (listeners.has('score') && !sources?.isClosed()) again()
    },
  }
}
