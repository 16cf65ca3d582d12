/** Which specs a log is folded by: its own, and those whose aggregates it goes on to count. Pure. */

import { keep } from '../reducer/carry.js'
import { InvalidEvent, InvalidSpec } from '../reducer/errors.js'
import { validateEvent } from '../reducer/event.js'
import { fold } from '../reducer/fold.js'
import type { Kept } from '../reducer/kept.js'
import type { Profile } from '../reducer/profile.js'
import { parseSpec, type Spec } from '../reducer/spec.js'
import type { Body, KeptSpec, StoredEvent } from './store/store.js'

// An app goes back to a spec that it had lately.
const MAX_KEPT_SPECS = 4
// So often the moment of the last use is written.
const USED_STEP_MS = 86_400_000

const parsed = new Map<string, Spec | null>()

/** Return the spec, and those of `kept` that this version of the client reads. */
export function specsOf(spec: Spec, kept: Body['specs']): readonly Spec[] {
  const others = Object.keys(kept)
    .filter((id) => id !== spec.id)
    .map((id) => specOf(id, kept[id] as KeptSpec))
  return [spec, ...others.filter((other) => other !== null)]
}

function specOf(id: string, { json }: KeptSpec): Spec | null {
  const known = parsed.get(id)
  if (known !== undefined) return known
  let spec: Spec | null = null
  try {
    spec = parseSpec(json)
  } catch (error) {
    if (!(error instanceof InvalidSpec)) throw error
  }
  parsed.set(id, spec)
  return spec
}

/** Return the kept specs with this one used now; the same object where nothing is to be written. */
export function usedSpecs(kept: Body['specs'], spec: Spec, wallMs: number): Body['specs'] {
  const known = kept[spec.id]
  if (known !== undefined && Math.abs(wallMs - known.usedMs) < USED_STEP_MS) return kept
  const all = Object.entries({ ...kept, [spec.id]: { json: spec.json, usedMs: wallMs } })
  return Object.fromEntries(all.sort(([, a], [, b]) => b.usedMs - a.usedMs).slice(0, MAX_KEPT_SPECS))
}

/** Return the kept profile of rows by each of the specs. */
export function keptOf(specs: readonly Spec[], rows: readonly StoredEvent[], replica: string): Kept {
  const [first, ...others] = specs as [Spec, ...Spec[]]
  return others.reduce((all, spec) => union(all, keptBy(spec, rows, replica)), keptBy(first, rows, replica))
}

/** What a spec refuses it does not count, and says so: another spec may have the same aggregate and take the event. */
function keptBy(spec: Spec, rows: readonly StoredEvent[], replica: string): Kept {
  const sinceMs = new Map<string, number>()
  for (const { type, time } of refusedRows(spec, rows)) {
    for (const [hash, node] of spec.aggregates) {
      if (node.event === type) sinceMs.set(hash, Math.max(time + 1, sinceMs.get(hash) ?? 0))
    }
  }
  return keep(foldRows(spec, rows, replica), sinceMs)
}

/** One hash names one state, whichever spec it was folded by; one of them may have passed an event over. */
function union(a: Kept, b: Kept): Kept {
  const lastMs = Math.max(a.lastMs ?? -1, b.lastMs ?? -1)
  return { lastMs: lastMs < 0 ? null : lastMs, entries: new Map([...b.entries, ...a.entries]) }
}

/** Fold rows; what the spec refuses counts for nothing here: it is quarantined before anything is sent or folded for good. */
export function foldRows(spec: Spec, rows: readonly StoredEvent[], replica: string): Profile {
  const live = rows.some((row) => row.folded) ? rows.filter((row) => !row.folded) : rows
  try {
    return fold(spec, live, { replica })
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error
    return fold(
      spec,
      live.filter((row) => accepts(spec, row)),
      { replica },
    )
  }
}

/** Return the rows that a spec refuses, those aside whose data are folded already. */
export function refusedRows(spec: Spec, rows: readonly StoredEvent[]): readonly StoredEvent[] {
  return rows.filter((row) => !row.folded && !accepts(spec, row))
}

/** Whether a spec takes an event. */
export function accepts(spec: Spec, event: StoredEvent): boolean {
  try {
    validateEvent(spec, event)
    return true
  } catch (error) {
    if (error instanceof InvalidEvent) return false
    throw error
  }
}
