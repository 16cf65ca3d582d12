/** All that a device holds of a log, as JSON values. */

import type { Log } from '../log/log.js'
import { allRows } from '../log/state.js'
import type { Spec } from '../reducer/spec.js'

export async function exported(spec: Spec | null, log: Log): Promise<Record<string, unknown>> {
  await log.flush()
  const { head, body, events } = await log.change(
    (state) => ({ state, result: { ...state, events: allRows(state) } }),
    { anySpec: true },
  )
  const profiles = { base: JSON.parse(body.base) as unknown, others: JSON.parse(body.others) as unknown }
  const sealed = body.sealed && { ...body.sealed, delta: JSON.parse(body.sealed.delta) as unknown }
  return structuredClone({
    spec: spec === null ? null : (JSON.parse(spec.json) as unknown),
    head,
    events,
    ...body,
    ...profiles,
    sealed,
  })
}
