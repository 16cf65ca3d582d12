/** Predicates and values: a closed expression tree over the fields of one event type, checked when the spec is parsed. */

import { canonicalJson, isObject, isSafeInteger, isWellFormed } from './canonical.js'
import { InvalidSpec } from './errors.js'
import { type Field, isText, scaleOf, type Value } from './field.js'

const MAX_SCALE = 15
const EQUALITY = ['equal', 'not_equal'] as const
const ORDERING = ['less', 'less_or_equal', 'greater', 'greater_or_equal'] as const
const LOGIC = ['and', 'or'] as const
export const ARITHMETIC = ['add', 'subtract', 'multiply'] as const
const BINARY = [...ARITHMETIC, ...EQUALITY, ...ORDERING, ...LOGIC]

export type BinaryOperator = (typeof BINARY)[number]

/** The type of a result: a number stands for itself divided by 10^scale; `values` are an enum's. */
export type Type =
  | { readonly kind: 'number'; readonly scale: number }
  | { readonly kind: 'text'; readonly values?: readonly string[] }
  | { readonly kind: 'truth' }

/** A node; `key` is its canonical JSON, so that equal nodes have equal keys. */
export type Expression = { readonly type: Type; readonly key: string } & (
  | { readonly operator: 'field'; readonly field: string }
  | { readonly operator: 'literal'; readonly literal: Value }
  | { readonly operator: 'in'; readonly operands: readonly [Expression]; readonly values: readonly Value[] }
  | { readonly operator: 'not' | 'is_missing'; readonly operands: readonly [Expression] }
  | { readonly operator: BinaryOperator; readonly operands: readonly [Expression, Expression] }
)

const TRUTH: Type = { kind: 'truth' }

/** Return the expressions right below one. */
export function operandsOf(expression: Expression): readonly Expression[] {
  return 'operands' in expression ? expression.operands : []
}

/** Return the names of the fields that an expression reads, sorted. */
export function fieldNames(expression: Expression): string[] {
  if (expression.operator === 'field') return [expression.field]
  return [...new Set(operandsOf(expression).flatMap(fieldNames))].sort()
}

/** Build an expression over the fields of an event type from its JSON.
 *
 *  @throws InvalidSpec names the part, its value, and what was expected. */
export function parseExpression(
  where: string,
  value: unknown,
  fields: ReadonlyMap<string, Field>,
): Expression {
  const operators = isObject(value) ? Object.keys(value).filter((name) => name !== 'scale') : []
  const [operator] = operators
  if (!isObject(value) || operator === undefined || operators.length !== 1) {
    throw new InvalidSpec(where, value, 'an object with one operator')
  }
  const scale = value.scale
  if (scale !== undefined && operator !== 'literal')
    throw new InvalidSpec(where, value, 'an object with one operator')

  const key = canonicalJson(value)
  const operand = value[operator]
  if (operator === 'field') {
    const field = typeof operand === 'string' ? fields.get(operand) : undefined
    if (field === undefined) {
      throw new InvalidSpec(where, operand, `a declared field: ${[...fields.keys()].join(', ')}`)
    }
    return { operator, field: operand as string, type: typeOf(field), key }
  }
  if (operator === 'literal') {
    if (scale !== undefined && (typeof operand !== 'number' || !isSafeInteger(scale) || scale < 1)) {
      throw new InvalidSpec(`${where}.scale`, scale, `an integer of 1 .. ${MAX_SCALE}, on a number only`)
    }
    return { operator, ...parseLiteral(where, operand, (scale as number | undefined) ?? 0), key }
  }
  if (operator === 'not' || operator === 'is_missing') {
    const parsed = parseExpression(where, operand, fields)
    if (operator === 'not') checkKind(where, operator, parsed, 'truth', 'a boolean')
    return { operator, operands: [parsed], type: TRUTH, key }
  }
  if (operator !== 'in' && !isBinary(operator))
    throw new InvalidSpec(where, operator, 'an operator of SEMANTICS.md')
  if (!Array.isArray(operand) || operand.length !== 2) {
    throw new InvalidSpec(where, operand, `two operands of ${operator}`)
  }
  const first = parseExpression(where, operand[0], fields)
  if (operator === 'in')
    return { operator, operands: [first], values: parseList(where, first, operand[1]), type: TRUTH, key }
  const second = parseExpression(where, operand[1], fields)
  return { operator, operands: [first, second], type: binaryType(where, operator, first, second), key }
}

function isBinary(operator: string): operator is BinaryOperator {
  return (BINARY as readonly string[]).includes(operator)
}

function typeOf(field: Field): Type {
  const scale = scaleOf(field)
  if (scale !== null) return { kind: 'number', scale }
  if (!isText(field)) return TRUTH
  return field.type === 'enum' ? { kind: 'text', values: field.values } : { kind: 'text' }
}

function parseLiteral(where: string, value: unknown, scale: number): { literal: Value; type: Type } {
  if (typeof value === 'boolean') return { literal: value, type: TRUTH }
  if (isSafeInteger(value) && scale <= MAX_SCALE)
    return { literal: value + 0, type: { kind: 'number', scale } }
  if (typeof value === 'string' && isWellFormed(value)) return { literal: value, type: { kind: 'text' } }
  throw new InvalidSpec(
    where,
    value,
    `a boolean, a string, or an integer |n| < 2^53 of a scale up to ${MAX_SCALE}`,
  )
}

/** The values of `in` are raw: for numbers, already at the scale of the operand. */
function parseList(where: string, operand: Expression, list: unknown): readonly Value[] {
  if (!Array.isArray(list) || list.length === 0)
    throw new InvalidSpec(where, list, 'a list of at least one value')
  const scale = operand.type.kind === 'number' ? operand.type.scale : 0
  return list.map((value) => {
    const { literal, type } = parseLiteral(where, value, scale)
    checkSameType(where, operand, { operator: 'literal', literal, type, key: canonicalJson(literal) })
    return literal
  })
}

function binaryType(where: string, operator: BinaryOperator, first: Expression, second: Expression): Type {
  if (operator === 'and' || operator === 'or') {
    for (const operand of [first, second]) checkKind(where, operator, operand, 'truth', 'a boolean')
    return TRUTH
  }
  if (operator === 'equal' || operator === 'not_equal') {
    checkSameType(where, first, second)
    return TRUTH
  }
  for (const operand of [first, second]) checkKind(where, operator, operand, 'number', 'a number')
  if (operator === 'multiply') {
    const scale = numberScale(first) + numberScale(second)
    if (scale > MAX_SCALE) throw new InvalidSpec(where, scale, `a product's scale of at most ${MAX_SCALE}`)
    return { kind: 'number', scale }
  }
  checkSameType(where, first, second)
  return operator === 'add' || operator === 'subtract' ? first.type : TRUTH
}

/** The scale of an expression's numbers, 0 where it is none. */
export function numberScale(expression: Expression): number {
  return expression.type.kind === 'number' ? expression.type.scale : 0
}

function checkKind(
  where: string,
  operator: string,
  operand: Expression,
  kind: Type['kind'],
  expected: string,
): void {
  if (operand.type.kind !== kind)
    throw new InvalidSpec(`${where}: an operand of ${operator}`, operand.key, expected)
}

function checkSameType(where: string, left: Expression, right: Expression): void {
  if (left.type.kind !== right.type.kind) throw new InvalidSpec(where, right.key, `the type of ${left.key}`)
  if (numberScale(left) !== numberScale(right))
    throw new InvalidSpec(where, right.key, `the scale of ${left.key}`)
  checkInVocabulary(where, left, right)
  checkInVocabulary(where, right, left)
}

function checkInVocabulary(where: string, typed: Expression, other: Expression): void {
  const values = typed.type.kind === 'text' ? typed.type.values : undefined
  if (values && other.operator === 'literal' && !values.includes(other.literal as string)) {
    throw new InvalidSpec(where, other.literal, `one of ${values.join(', ')}`)
  }
}
