/** What became of the events that were tracked. Pure. */

import type { Head } from './store/store.js'

/** tracked = acknowledged + pending + rejected, always. */
export interface Counts {
  readonly tracked: number
  /** The server has them, or it has them no longer to be sent: in the contribution of this replica or another. */
  readonly acknowledged: number
  readonly pending: number
  readonly rejected: number
  /** How many of the pending events are held apart, since the server or a newer spec refused them. */
  readonly quarantined: number
}

/** Return the counts of a log of which some calls are not written yet. */
export function countsOf(head: Head, waiting: { readonly events: number; readonly refused: number }): Counts {
  const pending = head.last - head.acked + head.quarantined + waiting.events
  const rejected = head.rejected + waiting.refused
  const tracked = head.tracked + waiting.events + waiting.refused
  return {
    tracked,
    acknowledged: tracked - pending - rejected,
    pending,
    rejected,
    quarantined: head.quarantined,
  }
}
