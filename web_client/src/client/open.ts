/** `openClient`: the log first, then the model; the sync and the page beside them. */

import type { Store } from '../log/store/store.js'
import { createLifecycle } from '../platform/lifecycle.js'
import { within } from '../platform/within.js'
import type { SyncReport } from '../sync/courier.js'
import { SubjectMismatch } from '../sync/errors.js'
import { assemble } from './assemble.js'
import type { Client, ClientOptions } from './client.js'
import { createClock } from './clock.js'
import { createHeard } from './heard.js'
import { parseOptions } from './options.js'
import { openScorer } from './scorer.js'
import { openSession, type Session } from './session.js'
import { openSubjects, type Subjects } from './subjects.js'

// So long a page waits for the spec of its bundle; events are taken without it too. A kept bundle tells it within 3 seconds.
const SPEC_WAIT_MS = 3_500

/** Open a client. It resolves once the log is open: the model and the server are not waited for.
 *
 *  @throws InvalidOptions an option can't be used.
 *  @throws StoreFailed a store of the page's own can't be opened. */
export async function openClient(options: ClientOptions): Promise<Client> {
  const settings = parseOptions(options)
  const heard = createHeard()
  const onError = heard.reports.report
  const wall = createClock(settings.clock ?? Date.now, onError)
  const openedMs = wall()
  const lifecycle = settings.lifecycle ?? createLifecycle()
  const memories = new Map<string, Store>()
  const silence = { untilMs: 0 }
  let subjects: Subjects | null = null

  const scorer = openScorer({
    ...settings,
    lifecycle,
    onSpec: (spec) => void subjects?.setSpec(spec).then(heard.rescore, onError),
    onReady: heard.rescore,
    onError,
  })

  function onReport(about: Session, report: SyncReport): void {
    const { error } = report
    const followed = error instanceof SubjectMismatch ? subjects?.follow(about, error.expected) : null
    if (followed) {
      followed.catch(onError)
      return
    }
    if (error !== null) onError(error)
    heard.listeners.emit('sync', report)
    heard.changed()
  }

  try {
    await within(() => scorer.first, SPEC_WAIT_MS).catch(() => {})
    subjects = await openSubjects({
      ...settings,
      manyStores: typeof settings.store !== 'object',
      onSwitch() {
        heard.changed()
        heard.rescore()
      },
      open: (place) =>
        openSession(place, {
          settings,
          spec: scorer.spec(),
          notBeforeMs: settings.clock === null ? scorer.createdMs() : 0,
          wall,
          openedMs,
          fetch: settings.fetch ?? ((input, init) => fetch(input, init)),
          lifecycle,
          memories,
          silence,
          onArrival(types) {
            const triggers: readonly string[] = scorer.spec()?.triggers ?? []
            if (types.some((type) => triggers.includes(type))) heard.rescore()
          },
          onChange: heard.changed,
          onReport,
          onOutdated: (told) => heard.listeners.emit('outdated', told),
          onError,
        }),
    })
    const spec = scorer.spec()
    // It may have come while the log was opened.
    if (spec !== null) await subjects.setSpec(spec)
    return assemble({ heard, scorer, subjects, synced: settings.sync !== null })
  } catch (error) {
    await scorer.close()
    throw error
  }
}
