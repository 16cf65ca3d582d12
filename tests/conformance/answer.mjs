/** Answers generated cases, a line of JSON each, by the built client: `node answer.mjs <folder of the built modules>`. */

import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const built = pathToFileURL(`${process.argv[2]}/`)
const { parseSpec } = await import(new URL('spec.js', built))
const { fold, merge } = await import(new URL('fold.js', built))
const { features } = await import(new URL('features.js', built))
const { keptFromJson, keptToJson } = await import(new URL('kept.js', built))
const { add, carry, keep, mergeKept, sinceOf } = await import(new URL('carry.js', built))
const { validateEvent } = await import(new URL('event.js', built))
const { emptyProfile, profileFromJson, profileToJson } = await import(new URL('profile.js', built))

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answered(() => answer(JSON.parse(line)))))
}

function answer({ spec: json, relative, parts, now_ms: nowMs, attributes, profiles, spoiled }) {
  const spec = parseSpec(json)
  const folded = answered(() => {
    const apart = parts.map(({ replica, events }) => fold(spec, events, { replica }))
    const merged = apart.reduce((a, b) => merge(spec, a, b), emptyProfile(spec))
    const row = answered(() => bits(features(spec, merged, nowMs, { attributes })))
    return { apart: apart.map(profileToJson), merged: profileToJson(merged), row }
  })
  const columns = spec.columns.map(({ name, type, default: value }) => [name, type, value === null ? null : String(bitsOf(value))])
  const read = profiles.map((profile) => answered(() => profileToJson(profileFromJson(spec, profile))))
  const specs = [spec, parseSpec(relative)]
  const carried = answered(() => carriedBetween(specs, parts, nowMs, spoiled))
  return { id: spec.id, json: spec.json, columns, hashes: [...spec.aggregates.keys()].sort(), folded, read, carried }
}

/** What a store holds along the way from a spec to another and back, and what each spec makes of it. */
function carriedBetween(specs, parts, nowMs, spoiled) {
  const [here, there] = specs.map((spec) => parts.map(({ replica, events }) => fold(spec, accepted(spec, events), { replica })))
  const first = keep(here[0], new Map(), undefined)
  const second = there.slice(1).reduce((kept, delta) => add(kept, delta), first)
  const { profile, sinceMs } = carry(specs[1], second)
  const over = keep(merge(specs[1], profile, there[0]), sinceMs, second)
  const back = carry(specs[0], over)
  const again = keep(merge(specs[0], back.profile, here.at(-1)), back.sinceMs, over)
  const all = [first, second, over, again, mergeKept(specs, over, first), mergeKept(specs.slice(1), first, again), mergeKept([], second, again)]
  const told = all.map((kept) => [keptToJson(kept), ...specs.map((spec) => carriedBy(spec, kept, nowMs))])
  const read = spoiled.map((text) =>
    answered(() => {
      const kept = keptFromJson(text)
      return [keptToJson(kept), ...specs.map((spec) => carriedBy(spec, kept, nowMs)), keptToJson(add(kept, there[0]))]
    }),
  )
  return { told, read }
}

function carriedBy(spec, kept, nowMs) {
  const { profile, sinceMs } = carry(spec, kept)
  return [profileToJson(profile), [...sinceMs].sort(), [...sinceOf(spec, sinceMs, nowMs)].sort()]
}

function accepted(spec, events) {
  return events.filter((event) => answered(() => validateEvent(spec, event)).error === undefined)
}

function answered(question) {
  try {
    return question()
  } catch (error) {
    return { error: error.name }
  }
}

function bits(row) {
  return Object.entries(row).map(([name, value]) => [name, bitsOf(value)])
}

/** A number as the 16 hex digits of its binary64, NaN and a missing string as null. */
function bitsOf(value) {
  if (typeof value !== 'number') return value
  if (Number.isNaN(value)) return null
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}
