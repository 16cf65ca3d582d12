/** What a feature reads: an aggregate over events, a ratio of two, or an attribute. */

import { contentHash } from './canonical.js'
import { type Expression, fieldNames } from './expression.js'
import type { Field } from './field.js'
import type { AggregateName } from './rules.js'

export type Fields = ReadonlyMap<string, Field>
export type Default = number | string | null

/** An aggregate over the events of one type; members that do not apply are null. */
export interface AggregateNode {
  readonly kind: 'aggregate'
  readonly aggregate: AggregateName
  readonly event: string
  readonly value: Expression | null
  readonly where: Expression | null
  readonly window: { readonly windowMs: number; readonly hopMs: number } | null
  readonly key: string | null
  /** The keys of a string field, without `__other__`; null where the field is an enum. */
  readonly keys: readonly string[] | null
  readonly cap: number | null
  readonly unitMs: number | null
  readonly default: Default
  /** The declared fields of its event. */
  readonly fields: Fields
  /** The keys of the read-out, in order; null where it is a single value. */
  readonly vocabulary: readonly string[] | null
  readonly readsText: boolean
  /** The name of its state: 16 hex digits of the SHA-256 of all that determines it. */
  readonly hash: string
}

export interface RatioNode {
  readonly kind: 'ratio'
  readonly numerator: AggregateNode
  readonly denominator: AggregateNode
  readonly default: Default
}

export interface AttributeNode {
  readonly kind: 'attribute'
  readonly attribute: string
  readonly field: Field
  readonly default: Default
}

export type Node = AggregateNode | RatioNode | AttributeNode

/** The members of an aggregate's JSON that determine its state. */
export const STATE_MEMBERS = [
  'aggregate',
  'event',
  'value',
  'where',
  'window_ms',
  'hop_ms',
  'key',
  'keys',
  'cap',
]

/** Return the aggregate nodes that a read-out needs. */
export function aggregatesOf(node: Node): readonly AggregateNode[] {
  if (node.kind === 'ratio') return [node.numerator, node.denominator]
  return node.kind === 'aggregate' ? [node] : []
}

/** Return the name of an aggregate's state. A field's vocabulary and length do not determine a state, so that they may grow. */
export function hashOf(
  value: Record<string, unknown>,
  fields: Fields,
  expressions: readonly (Expression | null)[],
  key: string | null,
): string {
  const names = new Set(
    expressions.flatMap((expression) => (expression === null ? [] : fieldNames(expression))),
  )
  if (key !== null) names.add(key)
  const types = new Map(
    [...names].map((name) => {
      const field = fields.get(name) as Field
      return [
        name,
        field.type === 'decimal' ? { type: field.type, scale: field.scale } : { type: field.type },
      ]
    }),
  )
  const members = Object.entries(value).filter(([name]) => STATE_MEMBERS.includes(name))
  return contentHash(new Map<string, unknown>([...members, ['fields', types]])).slice(0, 16)
}
