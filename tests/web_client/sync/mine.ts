/** What a device is to be counted with, in one plain sentence: the log's read-out, which folds in pieces, is held to it. */

import { foldRows } from '../../../web_client/src/log/specs.js'
import { mineUpTo, type State } from '../../../web_client/src/log/state.js'
import { merge } from '../../../web_client/src/reducer/fold.js'
import type { Profile } from '../../../web_client/src/reducer/profile.js'
import type { Spec } from '../../../web_client/src/reducer/spec.js'

/** Return the profile of all that is to be counted of a device: its log, and what is in quarantine. */
export function profileOfMine(spec: Spec, state: State): Profile {
  const held = state.body.quarantine.flatMap((entry) => entry.events)
  const { profile } = mineUpTo(spec, state, state.head.last)
  return merge(spec, profile, foldRows(spec, held, state.head.replica))
}
