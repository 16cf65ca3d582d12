/** Answers generated cases, a line of JSON each, by the built client: `node answer.mjs <folder of the built modules>`. */

import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const built = pathToFileURL(`${process.argv[2]}/`)
const { parseSpec } = await import(new URL('spec.js', built))
const { fold, merge } = await import(new URL('fold.js', built))
const { features } = await import(new URL('features.js', built))
const { emptyProfile, profileFromJson, profileToJson } = await import(new URL('profile.js', built))

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answered(() => answer(JSON.parse(line)))))
}

function answer({ spec: json, parts, now_ms: nowMs, attributes, profiles }) {
  const spec = parseSpec(json)
  const folded = answered(() => {
    const apart = parts.map(({ replica, events }) => fold(spec, events, { replica }))
    const merged = apart.reduce((a, b) => merge(spec, a, b), emptyProfile(spec))
    const row = answered(() => bits(features(spec, merged, nowMs, { attributes })))
    return { apart: apart.map(profileToJson), merged: profileToJson(merged), row }
  })
  const columns = spec.columns.map(({ name, type, default: value }) => [name, type, value === null ? null : String(bitsOf(value))])
  const read = profiles.map((profile) => answered(() => profileToJson(profileFromJson(spec, profile))))
  return { id: spec.id, json: spec.json, columns, hashes: [...spec.aggregates.keys()].sort(), folded, read }
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
