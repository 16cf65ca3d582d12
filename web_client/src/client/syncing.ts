/** A sync as a page asks for it: of the log that is in use when it ends. */

import type { SyncReport } from '../sync/courier.js'
import { SubjectMismatch } from '../sync/errors.js'
import type { Subjects } from './subjects.js'

const NOTHING: SyncReport = { outcome: 'local_only', steps: [], error: null, retryAfterMs: 0 }
// A token that is of another person at each call leads nowhere.
const MAX_LOGS = 3

/** Sync the log in use; where the server says whose log it should be, that one. `synced`: there is a server, whose answers need the spec. */
export async function syncInUse(subjects: Subjects, synced: boolean): Promise<SyncReport> {
  for (let logs = 1; ; logs++) {
    let about = subjects.current()
    const report = await subjects.run((session) => {
      about = session
      return session.sync()
    })
    if (report === null) return synced ? { ...NOTHING, outcome: 'waiting' } : NOTHING
    if (!(report.error instanceof SubjectMismatch) || logs === MAX_LOGS) return report
    if (await subjects.run(async (session) => session === about)) return report
  }
}
