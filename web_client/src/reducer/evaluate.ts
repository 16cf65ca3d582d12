/** Expressions as a program over registers, so that what several features ask for is evaluated once an event.
 *
 *  A register is undefined where its value is missing. */

import { ARITHMETIC, type BinaryOperator, type Expression, fieldNames, operandsOf } from './expression.js'
import type { Value } from './field.js'

export type Registers = (Value | undefined)[]

export interface Step {
  /** Index of the register that the result goes to. */
  readonly target: number
  /** Returns NaN for a result of arithmetic with |n| >= 2^53. */
  readonly evaluate: (registers: Registers) => Value | undefined
  /** The fields that arithmetic reads, for its error; null for any other operator. */
  readonly arithmeticOn: readonly string[] | null
}

/** The program of one event type: its fields come first in the registers, in order of name. */
export interface Program {
  readonly registers: Registers
  readonly steps: readonly Step[]
  /** Return the register of an expression that was compiled. */
  readonly registerOf: (expression: Expression) => number
}

/** Compile expressions over fields that are given in order. */
export function compile(fields: readonly string[], expressions: Iterable<Expression>): Program {
  const registers: Registers = fields.map(() => undefined)
  const indexes = new Map<string, number>()
  const steps: Step[] = []

  function allocate(expression: Expression): number {
    const held = indexes.get(expression.key)
    if (held !== undefined) return held
    const index = expression.operator === 'field' ? fields.indexOf(expression.field) : addStep(expression)
    indexes.set(expression.key, index)
    return index
  }

  function addStep(expression: Expression): number {
    const operands = operandsOf(expression).map(allocate)
    const target = registers.push(expression.operator === 'literal' ? expression.literal : undefined) - 1
    if (expression.operator !== 'literal') {
      const arithmetic = (ARITHMETIC as readonly string[]).includes(expression.operator)
      const arithmeticOn = arithmetic ? fieldNames(expression) : null
      steps.push({ target, evaluate: evaluator(expression, operands), arithmeticOn })
    }
    return target
  }

  for (const expression of expressions) allocate(expression)
  return { registers, steps, registerOf: allocate }
}

function evaluator(expression: Expression, operands: readonly number[]): Step['evaluate'] {
  const [a, b] = operands as [number, number]
  switch (expression.operator) {
    case 'field':
    case 'literal':
      throw new Error(`${expression.operator} takes no step`)
    case 'is_missing':
      return (registers) => registers[a] === undefined
    case 'not':
      return (registers) => (registers[a] === undefined ? undefined : !registers[a])
    case 'in': {
      const values = new Set(expression.values)
      return (registers) => {
        const value = registers[a]
        return value === undefined ? undefined : values.has(value)
      }
    }
    case 'and':
      return kleene(a, b, false)
    case 'or':
      return kleene(a, b, true)
    default:
      return binary(expression.operator, a, b)
  }
}

/** `and` (decisive false) or `or` (decisive true) of three-valued logic (Kleene 1952). */
function kleene(a: number, b: number, decisive: boolean): Step['evaluate'] {
  return (registers) => {
    const [left, right] = [registers[a], registers[b]]
    if (left === decisive || right === decisive) return decisive
    return left === undefined || right === undefined ? undefined : !decisive
  }
}

/** The spec has checked that both operands are of one type; only `equal` and `not_equal` take other than numbers. */
function binary(operator: Exclude<BinaryOperator, 'and' | 'or'>, a: number, b: number): Step['evaluate'] {
  const both = (apply: (left: number, right: number) => Value) => (registers: Registers) => {
    const left = registers[a]
    const right = registers[b]
    return left === undefined || right === undefined ? undefined : apply(left as number, right as number)
  }
  switch (operator) {
    case 'add':
      return both((left, right) => inRange(left + right))
    case 'subtract':
      return both((left, right) => inRange(left - right))
    case 'multiply':
      return both((left, right) => inRange(left * right))
    case 'equal':
      return both((left, right) => left === right)
    case 'not_equal':
      return both((left, right) => left !== right)
    case 'less':
      return both((left, right) => left < right)
    case 'less_or_equal':
      return both((left, right) => left <= right)
    case 'greater':
      return both((left, right) => left > right)
    case 'greater_or_equal':
      return both((left, right) => left >= right)
  }
}

/** A double is exact below 2^53 and rounding is monotone, so an exact result in range is never mistaken; -0 becomes 0. */
function inRange(result: number): number {
  return Number.isSafeInteger(result) ? result + 0 : Number.NaN
}
