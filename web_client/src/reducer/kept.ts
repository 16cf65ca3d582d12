/** provisional */

import { aggregatesOfSpec } from './aggregates/registry.js'
import { canonicalJson } from './canonical.js'
import { merge } from './fold.js'
import { emptyProfile, type Profile, profileFromJson, prunedProfile } from './profile.js'
import type { Spec } from './spec.js'
export interface Kept {
  readonly lastMs: number | null
  readonly entries: ReadonlyMap<string, { readonly state?: unknown; readonly sinceMs?: number }>
}
export interface Carried {
  readonly profile: Profile
  readonly sinceMs: ReadonlyMap<string, number>
}
export function keptFromJson(text: string): Kept {
  const v = JSON.parse(text)
  const src = v.states ?? Object.fromEntries(Object.entries(v.state).map(([h, s]) => [h, { state: s }]))
  return {
    lastMs: v.last_ms,
    entries: new Map(
      Object.entries(src).map(([h, e]: any) => [
        h,
        {
          ...('state' in e ? { state: e.state } : {}),
          ...(e.since_ms === undefined ? {} : { sinceMs: e.since_ms }),
        },
      ]),
    ),
  }
}
export function keptToJson(kept: Kept): string {
  return canonicalJson({
    last_ms: kept.lastMs,
    states: new Map(
      [...kept.entries].map(([h, e]) => [
        h,
        {
          ...(e.state === undefined ? {} : { state: e.state as never }),
          ...(e.sinceMs === undefined ? {} : { since_ms: e.sinceMs }),
        },
      ]),
    ),
  })
}
export function keep(profile: Profile, sinceMs: ReadonlyMap<string, number> = new Map(), over?: Kept): Kept {
  const entries = new Map<string, any>()
  for (const [h, e] of over?.entries ?? [])
    entries.set(h, over?.lastMs === profile.lastMs ? e : { ...e, sinceMs: (profile.lastMs ?? -1) + 1 })
  const aggs = aggregatesOfSpec(profile.spec)
  for (const h of profile.spec.aggregates.keys()) {
    const s = profile.states.get(h),
      since = sinceMs.get(h)
    entries.set(h, {
      ...(s === undefined ? {} : { state: JSON.parse(canonicalJson(aggs.get(h)?.encode(s))) }),
      ...(since === undefined ? {} : { sinceMs: since }),
    })
  }
  return { lastMs: profile.lastMs, entries }
}
export function carry(spec: Spec, kept: Kept): Carried {
  const sinceMs = new Map<string, number>()
  const aggs = aggregatesOfSpec(spec)
  const states: [string, any][] = []
  for (const h of spec.aggregates.keys()) {
    const e = kept.entries.get(h)
    if (e === undefined) {
      if (kept.lastMs !== null) sinceMs.set(h, kept.lastMs + 1)
      continue
    }
    if (e.sinceMs !== undefined) sinceMs.set(h, e.sinceMs)
    if (e.state !== undefined) {
      try {
        states.push([h, aggs.get(h)?.decode(e.state, kept.lastMs as number)])
      } catch {
        sinceMs.set(h, (kept.lastMs ?? 0) + 1)
      }
    }
  }
  return {
    profile: kept.lastMs === null ? emptyProfile(spec) : prunedProfile(spec, kept.lastMs, states),
    sinceMs,
  }
}
export function mergeKept(specs: readonly Spec[], a: Kept, b: Kept): Kept {
  const lastMs = a.lastMs === null ? b.lastMs : b.lastMs === null ? a.lastMs : Math.max(a.lastMs, b.lastMs)
  const entries = new Map<string, any>()
  for (const h of new Set([...a.entries.keys(), ...b.entries.keys()])) {
    const [x, y] = [a.entries.get(h), b.entries.get(h)]
    if (x === undefined || y === undefined) {
      const other = x === undefined ? a.lastMs : b.lastMs
      const e = (x ?? y) as any
      entries.set(h, other === null ? e : { ...e, sinceMs: Math.max(e.sinceMs ?? 0, other + 1) })
      continue
    }
    const spec = specs.find((s) => s.aggregates.has(h))
    if (spec === undefined) {
      entries.set(h, { ...x, sinceMs: (lastMs ?? -1) + 1 })
      continue
    }
    const only = (k: Kept) => ({ lastMs: k.lastMs, entries: new Map([[h, k.entries.get(h) as any]]) })
    const m = merge(spec, carry(spec, only(a)).profile, carry(spec, only(b)).profile)
    const since = x.sinceMs === undefined ? y.sinceMs : Math.max(x.sinceMs, y.sinceMs ?? 0)
    entries.set(h, { ...keep(m).entries.get(h), ...(since === undefined ? {} : { sinceMs: since }) })
  }
  return { lastMs, entries }
}
void profileFromJson
