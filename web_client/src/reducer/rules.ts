/** What each aggregate takes: one table, and the limits of what it takes. */

export const MAX_CAP = 1_024
export const MIN_HOP_MS = 1_000
export const MAX_HOPS_A_WINDOW = 4_096

/** The members that an aggregate requires (`value`: of which kind), and whether its read-out can be missing. */
export interface Rule {
  readonly value?: 'number' | 'any' | 'field'
  readonly key?: true
  readonly cap?: true
  readonly unit_ms?: true
  readonly default?: true
}

export const RULES = {
  count: {},
  total: { value: 'number' },
  mean: { value: 'number', default: true },
  minimum: { value: 'number', default: true },
  maximum: { value: 'number', default: true },
  first: { value: 'any', default: true },
  last: { value: 'any', default: true },
  time_since_first: { unit_ms: true, default: true },
  time_since_last: { unit_ms: true, default: true },
  count_by: { key: true },
  total_by: { value: 'number', key: true },
  distinct: { value: 'field', cap: true },
} as const satisfies Readonly<Record<string, Rule>>

export type AggregateName = keyof typeof RULES
