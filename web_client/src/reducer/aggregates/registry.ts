/** From a node of the spec to its aggregate. */

import { numberScale } from '../expression.js'
import type { AggregateNode } from '../node.js'
import type { AggregateName } from '../rules.js'
import type { Spec } from '../spec.js'
import { type Aggregate, domainOf } from './base.js'
import { distinct } from './distinct.js'
import { edgeValue, extremeTime, extremeValue } from './extreme.js'
import { keyed } from './keyed.js'
import { count, mean, total } from './linear.js'
import { within } from './window.js'

const MAKERS: Readonly<Record<AggregateName, (node: AggregateNode) => Aggregate>> = {
  count: () => count() as Aggregate,
  total: (node) => total(scaleOf(node)) as Aggregate,
  mean: (node) => mean(scaleOf(node)) as Aggregate,
  minimum: (node) => extremeValue(1, scaleOf(node), domainOf(node)) as Aggregate,
  maximum: (node) => extremeValue(-1, scaleOf(node), domainOf(node)) as Aggregate,
  first: (node) => edgeValue(1, edgeScale(node), domainOf(node)) as Aggregate,
  last: (node) => edgeValue(-1, edgeScale(node), domainOf(node)) as Aggregate,
  time_since_first: (node) => extremeTime(1, node.unitMs as number) as Aggregate,
  time_since_last: (node) => extremeTime(-1, node.unitMs as number) as Aggregate,
  count_by: (node) => keyed(node.vocabulary as readonly string[], 0, true) as Aggregate,
  total_by: (node) => keyed(node.vocabulary as readonly string[], scaleOf(node), false) as Aggregate,
  distinct: (node) => distinct(node.cap as number, domainOf(node)) as Aggregate,
}

/** The names of all aggregates. */
export const registered = Object.keys(MAKERS) as readonly AggregateName[]

/** Return the aggregate that a node names, within its window where it has one. */
export function aggregateFor(node: AggregateNode): Aggregate {
  const aggregate = MAKERS[node.aggregate](node)
  return node.window === null
    ? aggregate
    : (within(aggregate, node.window.windowMs, node.window.hopMs) as Aggregate)
}

const aggregates = new WeakMap<Spec, ReadonlyMap<string, Aggregate>>()

/** Return the aggregates of a spec by hash, made once. */
export function aggregatesOfSpec(spec: Spec): ReadonlyMap<string, Aggregate> {
  let held = aggregates.get(spec)
  if (held === undefined) {
    held = new Map([...spec.aggregates].map(([hash, node]) => [hash, aggregateFor(node)]))
    aggregates.set(spec, held)
  }
  return held
}

function scaleOf(node: AggregateNode): number {
  return node.value === null ? 0 : numberScale(node.value)
}

function edgeScale(node: AggregateNode): number | null {
  return node.value?.type.kind === 'number' ? node.value.type.scale : null
}
