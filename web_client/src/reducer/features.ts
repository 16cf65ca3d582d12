/** The read-out: from a profile and a time to the model's input row. */

import type { ReadOut } from './aggregates/base.js'
import { aggregateFor, aggregatesOfSpec } from './aggregates/registry.js'
import { isSafeInteger } from './canonical.js'
import { ReadOutTooEarly } from './errors.js'
import { powerOfTen, scaleOf, type Value } from './field.js'
import type { AggregateNode, AttributeNode, Node, RatioNode } from './node.js'
import { checkSpec, type Profile } from './profile.js'
import { type Spec, validateAttributes } from './spec.js'

export interface FeaturesOptions {
  /** What the server knows of the subject; each optional. */
  readonly attributes?: Readonly<Record<string, unknown>> | null
}

/** Return the model's input row, by column name in spec order: binary64 numbers (NaN where missing), strings or null.
 *
 *  Windows are read at `nowMs` (milliseconds since the Unix epoch); only events with time < nowMs count.
 *
 *  @throws SpecMismatch the profile was folded by another spec.
 *  @throws ReadOutTooEarly `nowMs` is not after the profile's last event.
 *  @throws InvalidAttribute an attribute is undeclared or refused. */
export function features(
  spec: Spec,
  profile: Profile,
  nowMs: number,
  options: FeaturesOptions = {},
): Record<string, number | string | null> {
  checkSpec(spec, profile)
  const early = profile.lastMs !== null && nowMs <= profile.lastMs
  if (!isSafeInteger(nowMs) || nowMs < 0 || early) throw new ReadOutTooEarly(nowMs, profile.lastMs)
  const attributes = validateAttributes(spec, options.attributes)

  const row: Record<string, number | string | null> = {}
  for (const { name, node } of spec.features) {
    const readOut = readOutOf(spec, node, profile, nowMs, attributes)
    if (node.kind === 'aggregate' && node.vocabulary !== null) {
      const numbers = readOut as readonly number[]
      node.vocabulary.forEach((key, index) => {
        row[`${name}=${key}`] = numbers[index] as number
      })
    } else {
      row[name] = withDefault(readOut as number | string | undefined, node)
    }
  }
  return row
}

function readOutOf(
  spec: Spec,
  node: Node,
  profile: Profile,
  nowMs: number,
  attributes: ReadonlyMap<string, Value>,
): ReadOut {
  if (node.kind === 'attribute') return attributeValue(node, attributes.get(node.attribute))
  if (node.kind === 'ratio') return ratioOf(spec, node, profile, nowMs)
  return aggregateValue(spec, node, profile, nowMs)
}

/** Nodes of one hash share a state but may differ in the unit that they read it in. */
function aggregateValue(spec: Spec, node: AggregateNode, profile: Profile, nowMs: number): ReadOut {
  const shared = spec.aggregates.get(node.hash) === node
  const aggregate = shared ? aggregatesOfSpec(spec).get(node.hash) : undefined
  return (aggregate ?? aggregateFor(node)).finalize(profile.states.get(node.hash), nowMs)
}

function ratioOf(spec: Spec, node: RatioNode, profile: Profile, nowMs: number): number | undefined {
  const [numerator, denominator] = [node.numerator, node.denominator].map(
    (side) => withDefault(aggregateValue(spec, side, profile, nowMs) as number | undefined, side) as number,
  ) as [number, number]
  if (Number.isNaN(numerator) || Number.isNaN(denominator) || denominator === 0) return undefined
  return numerator / denominator
}

function attributeValue(node: AttributeNode, value: Value | undefined): number | string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return Number(value) / powerOfTen(scaleOf(node.field) ?? 0)
}

function withDefault(value: number | string | undefined, node: Node): number | string | null {
  if (value !== undefined) return value
  if (node.default !== null) return node.default
  const text =
    node.kind === 'attribute'
      ? scaleOf(node.field) === null && node.field.type !== 'boolean'
      : node.kind === 'aggregate' && node.readsText
  return text ? null : Number.NaN
}
