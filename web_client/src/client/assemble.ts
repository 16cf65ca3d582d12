/** The parts of a client, wired: who hears of what. */

import { sinceOf } from '../reducer/carry.js'
import { features } from '../reducer/features.js'
import type { Spec } from '../reducer/spec.js'
import { createCalls } from './calls.js'
import type { Client, ScoreResult } from './client.js'
import type { Heard } from './heard.js'
import { parseAdoption, parseSubject } from './options.js'
import type { Scorer } from './scorer.js'
import { statusOf } from './status.js'
import type { Subjects } from './subjects.js'
import { syncInUse } from './syncing.js'

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

  heard.serve({
    score,
    status: () => statusOf(subjects.current(), heard.reports, closing !== null),
    inUse: subjects.current,
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
    sync: guarded('sync', () => syncInUse(subjects, synced)),
    status: () => statusOf(subjects.current(), heard.reports, closing !== null),
    export: guarded('export', () => subjects.run((session) => session.export())),
    erase: guarded('erase', () => subjects.run((session) => session.erase())),
    identify: guarded('identify', async (subject: string, options: { adopt?: boolean } = {}) =>
      subjects.identify(parseSubject(subject), parseAdoption(options)),
    ),
    reset: guarded('reset', () => subjects.reset()),
    close() {
      closing ??= Promise.all([scorer.close(), subjects.close()]).then(() => {})
      return closing
    },
  }
}
