/** The parts of a client, wired: who hears of what. */

import { sinceOf } from '../reducer/carry.js'
import { features } from '../reducer/features.js'
import type { Spec } from '../reducer/spec.js'
import type { SyncReport } from '../sync/courier.js'
import { SubjectMismatch } from '../sync/errors.js'
import { createCalls } from './calls.js'
import type { Client, ScoreResult } from './client.js'
import type { Heard } from './heard.js'
import { parseSubject } from './options.js'
import type { Scorer } from './scorer.js'
import { statusOf } from './status.js'
import type { Subjects } from './subjects.js'

const LOCAL_ONLY: SyncReport = { outcome: 'local_only', steps: [], error: null, retryAfterMs: 0 }

/** What a client is made of. */
export interface Parts {
  readonly heard: Heard
  readonly scorer: Scorer
  readonly subjects: Subjects
  /** Whether it has a server, whose answers need the spec. */
  readonly synced: boolean
}

/** Put a client together. */
export function assemble({ heard, scorer, subjects, synced }: Parts): Client {
  let closing: Promise<void> | null = null
  const guarded = createCalls(() => closing !== null, heard.reports.report)

  async function score(): Promise<ScoreResult> {
    return await subjects.run(async (session) => {
      await scorer.ready()
      // Its bundle was opened: the spec is known.
      const spec = scorer.spec() as Spec
      await session.setSpec(spec)
      const { nowMs, profile, attributes, sinceMs } = await session.log.read()
      const row = features(spec, profile, nowMs, { attributes })
      const since = Object.fromEntries(sinceOf(spec, sinceMs, nowMs))
      return { ...(await scorer.score(row)), features: row, now: nowMs, profile, since }
    })
  }

  async function sync(): Promise<SyncReport> {
    for (;;) {
      let about = subjects.current()
      const report = await subjects.run((session) => {
        about = session
        return session.sync()
      })
      if (report === null) return synced ? { ...LOCAL_ONLY, outcome: 'waiting' } : LOCAL_ONLY
      if (!(report.error instanceof SubjectMismatch)) return report
      // Where the log of that subject is in use by now, that is the one to be synced.
      if (await subjects.run(async (session) => session === about)) return report
    }
  }

  heard.serve({
    score,
    status: () => statusOf(subjects.current(), heard.reports, closing !== null),
    isClosed: () => closing !== null,
  })

  return {
    get spec() {
      return scorer.spec()
    },
    track: guarded('track', (type: string, data: Readonly<Record<string, unknown>> = {}) =>
      subjects.run((session) => session.track(type, data)),
    ),
    score: guarded('score', score),
    on: heard.on,
    sync: guarded('sync', sync),
    status: () => statusOf(subjects.current(), heard.reports, closing !== null),
    export: guarded('export', () => subjects.run((session) => session.export())),
    erase: guarded('erase', () => subjects.run((session) => session.erase())),
    identify: guarded('identify', (subject: string, { adopt = false }: { adopt?: boolean } = {}) =>
      subjects.identify(parseSubject(subject), adopt),
    ),
    reset: guarded('reset', () => subjects.reset()),
    close() {
      closing ??= Promise.all([scorer.close(), subjects.close()]).then(() => {})
      return closing
    },
  }
}
