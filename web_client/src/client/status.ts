/** What a client says of itself, at one moment. */

import { sinceOf } from '../reducer/carry.js'
import type { Status } from './client.js'
import type { Reports } from './reports.js'
import type { Session } from './session.js'

/** Return the status of a client that has this session in use. */
export function statusOf(session: Session, reports: Reports, closed: boolean): Status {
  const { log, store } = session
  const { replica, syncedMs } = log.head()
  return {
    ...log.counts(),
    replica,
    spec: session.spec()?.id ?? null,
    since: sinceOfSession(session),
    outdated: log.outdated(),
    closed,
    sync: session.report(),
    syncedMs,
    store: { kind: store.kind, mayLose: log.mayLose() },
    errors: reports.last(),
  }
}

function sinceOfSession({ log, spec }: Session): Status['since'] {
  const [by, sinceMs] = [spec(), log.sinceMs()]
  return by === null || sinceMs === null ? null : Object.fromEntries(sinceOf(by, sinceMs, log.head().time))
}
