/** Events, and the one check that each passes before it is folded. */

import { InvalidEvent } from './errors.js'
import { compile, type Registers, type Step } from './evaluate.js'
import type { Expression } from './expression.js'
import { type Accept, acceptor, expectedOf, type Value } from './field.js'
import type { AggregateNode, Fields } from './node.js'
import type { Spec } from './spec.js'

/** An event that passed, as it is kept: decimals are integers, so it is not to be folded again.
 *  `data` has every declared field, null where it is missing. */
export interface Event {
  readonly type: string
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly seq: number | null
  readonly data: Readonly<Record<string, Value | null>>
}

/** Return the event as it is kept.
 *
 *  @throws InvalidEvent names the field, its value, and what was expected. */
export function validateEvent(spec: Spec, value: unknown): Event {
  const reading = readerOf(spec)(value)
  const data: Record<string, Value | null> = Object.create(null)
  reading.fields.forEach(({ name }, index) => {
    data[name] = reading.registers[index] ?? null
  })
  return { type: reading.type, time: reading.time, seq: reading.seq || null, data }
}

/** The event type's plan, holding the last event read: each `read` of its type overwrites it. */
export interface Reading {
  readonly type: string
  readonly fields: readonly FieldPlan[]
  readonly steps: readonly Step[]
  readonly registers: Registers
  readonly registerOf: (expression: Expression) => number
  readonly registerOfField: (name: string) => number
  time: number
  /** 0 where the event has none. */
  seq: number
}

interface FieldPlan {
  readonly name: string
  readonly accept: Accept
  readonly optional: boolean
  readonly expected: string
}

export type Reader = (value: unknown) => Reading

const readings = new WeakMap<Spec, ReadonlyMap<string, Reading>>()

/** Return the readings of a spec, by event type, compiled once. */
export function readingsOf(spec: Spec): ReadonlyMap<string, Reading> {
  let held = readings.get(spec)
  if (held === undefined) {
    const nodes = [...spec.aggregates.values()]
    held = new Map(
      [...spec.events].map(([type, fields]) => [
        type,
        planReading(
          type,
          fields,
          nodes.filter((node) => node.event === type),
        ),
      ]),
    )
    readings.set(spec, held)
  }
  return held
}

function planReading(type: string, declared: Fields, nodes: readonly AggregateNode[]): Reading {
  // In order of name, so that the first error of an event is the same whatever order the spec was written in.
  const names = [...declared.keys()].sort()
  const fields = [...declared]
    .sort(([a], [b]) => names.indexOf(a) - names.indexOf(b))
    .map(([name, field]) => ({
      name,
      accept: acceptor(field),
      optional: field.optional,
      expected: expectedOf(field),
    }))
  const expressions = nodes
    .flatMap((node) => [node.value, node.where])
    .filter((expression) => expression !== null)
  const { steps, registers, registerOf } = compile(names, expressions)
  const registerOfField = (name: string) => names.indexOf(name)
  return { type, fields, steps, registers, registerOf, registerOfField, time: 0, seq: 0 }
}

/** Return the function that checks an event and fills the reading of its type.
 *
 *  @throws InvalidEvent before anything of the event is folded. */
export function readerOf(spec: Spec): Reader {
  const types = readingsOf(spec)
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new InvalidEvent(null, null, value, 'an object with type, time and data')
    }
    const { type, time, seq, data } = value as Record<string, unknown>
    const reading = types.get(type as string)
    if (reading === undefined) {
      throw new InvalidEvent(null, 'type', type, `a declared event type: ${[...types.keys()].join(', ')}`)
    }
    if (!Number.isSafeInteger(time) || (time as number) < 0) {
      throw new InvalidEvent(
        reading.type,
        'time',
        time,
        'an integer of 0 .. 2^53 - 1, milliseconds since 1970',
      )
    }
    if (seq !== undefined && seq !== null && (!Number.isSafeInteger(seq) || (seq as number) < 1)) {
      throw new InvalidEvent(reading.type, 'seq', seq, 'an integer of 1 .. 2^53 - 1')
    }
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      throw new InvalidEvent(reading.type, 'data', data, 'an object')
    }
    reading.time = (time as number) + 0
    reading.seq = (seq as number | null | undefined) ?? 0
    readData(reading, data as Record<string, unknown>)
    evaluate(reading)
    return reading
  }
}

function readData(reading: Reading, data: Record<string, unknown>): void {
  const { fields, registers } = reading
  let known = 0
  for (let index = 0; index < fields.length; index++) {
    const { name } = fields[index] as FieldPlan
    if (Object.hasOwn(data, name)) {
      registers[index] = data[name] as Value
      known++
    } else {
      registers[index] = undefined
    }
  }
  const given = Object.keys(data)
  if (given.length !== known) refuseUndeclared(reading, data, given)
  for (let index = 0; index < fields.length; index++) {
    const { name, accept, optional, expected } = fields[index] as FieldPlan
    const raw: unknown = registers[index]
    if (raw === undefined || raw === null) {
      if (!optional) throw new InvalidEvent(reading.type, name, raw, expected)
      registers[index] = undefined
    } else {
      const accepted = accept(raw)
      if (accepted === undefined) throw new InvalidEvent(reading.type, name, raw, expected)
      registers[index] = accepted
    }
  }
}

function refuseUndeclared(reading: Reading, data: Record<string, unknown>, given: readonly string[]): void {
  const declared = reading.fields.map((field) => field.name)
  const undeclared = given.find((name) => !declared.includes(name))
  // A declared member may be own and not enumerable: it is no concern of ours, and no undeclared one.
  if (undeclared === undefined) return
  throw new InvalidEvent(
    reading.type,
    undeclared,
    data[undeclared],
    `a declared field: ${declared.join(', ')}`,
  )
}

function evaluate(reading: Reading): void {
  const { steps, registers } = reading
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step
    const result = step.evaluate(registers)
    if (step.arithmeticOn !== null && Number.isNaN(result)) {
      const { registerOfField } = reading
      const given = Object.fromEntries(
        step.arithmeticOn.map((name) => [name, registers[registerOfField(name)] ?? null]),
      )
      throw new InvalidEvent(
        reading.type,
        step.arithmeticOn.join(' '),
        given,
        'arithmetic with a result |n| < 2^53',
      )
    }
    registers[step.target] = result
  }
}
