/** The types of a field: what each accepts, and the exact value it is kept as. */

import { hasAtMost, isObject, isSafeInteger, isWellFormed } from './canonical.js'
import { InvalidSpec } from './errors.js'

export const OTHER_KEY = '__other__'
const RESERVED: readonly string[] = ['subject', 'time', 'seq', 'replica']
const MAX_DECIMAL_SCALE = 12
export const MAX_STRING_CODE_POINTS = 1_024
const MAX_VOCABULARY = 256
const MAX_KEY_CODE_POINTS = 64

/** A field's value as it is kept: a decimal is its integer, everything else itself. */
export type Value = number | string | boolean

export type Field = { readonly optional: boolean } & (
  | { readonly type: 'integer' }
  | { readonly type: 'decimal'; readonly scale: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  | { readonly type: 'string'; readonly max: number }
)

/** Returns the value as it is kept, undefined where the field refuses it. */
export type Accept = (value: unknown) => Value | undefined

/** The doubles 10^0 .. 10^15, each exact. */
export const POWERS_OF_TEN: readonly number[] = Array.from({ length: 16 }, (_, scale) => Number(`1e${scale}`))

/** Return 10^scale, of a scale that the spec has checked. */
export function powerOfTen(scale: number): number {
  return POWERS_OF_TEN[scale] as number
}

/** Return the function that accepts or refuses a field's value. */
export function acceptor(field: Field): Accept {
  switch (field.type) {
    case 'integer':
      return (value) => (isSafeInteger(value) ? value + 0 : undefined) // -0 becomes 0
    case 'decimal': {
      const power = powerOfTen(field.scale)
      return (value) => {
        if (typeof value !== 'number' || !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return undefined
        const quantity = Math.floor(value * power + 0.5)
        return Number.isSafeInteger(quantity) ? quantity : undefined
      }
    }
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : undefined)
    case 'enum': {
      const values = new Set<unknown>(field.values)
      return (value) => (values.has(value) ? (value as string) : undefined)
    }
    case 'string':
      return (value) => {
        return typeof value === 'string' && hasAtMost(field.max, value) && isWellFormed(value)
          ? value
          : undefined
      }
  }
}

/** Return what a field accepts, in words for an error. */
export function expectedOf(field: Field): string {
  switch (field.type) {
    case 'integer':
      return 'an integer, |n| < 2^53'
    case 'decimal':
      return `a finite number with |x| * 10^${field.scale} < 2^53`
    case 'boolean':
      return 'true or false'
    case 'enum':
      return `one of ${field.values.join(', ')}`
    case 'string':
      return `a string of at most ${field.max} code points, without lone surrogates`
  }
}

/** The scale of a field's numbers; null where its values are not numbers. */
export function scaleOf(field: Field): number | null {
  return field.type === 'decimal' ? field.scale : field.type === 'integer' ? 0 : null
}

/** Whether a field's values are strings. */
export function isText(field: Field): boolean {
  return field.type === 'enum' || field.type === 'string'
}

/** Build the fields of an event type, or the attributes, from their JSON; `owner` names them in an error. */
export function parseFields(owner: string, value: unknown): ReadonlyMap<string, Field> {
  if (!isObject(value)) throw new InvalidSpec(`the fields of ${owner}`, value, 'an object')
  return new Map(
    Object.entries(value).map(([name, field]) => [
      checkFieldName(`a field of ${owner}`, name),
      parseField(`${owner}.${name}`, field),
    ]),
  )
}

const OWN_MEMBER: Readonly<Record<Field['type'], string | null>> = {
  integer: null,
  decimal: 'scale',
  boolean: null,
  enum: 'values',
  string: 'max',
}

function parseField(where: string, value: unknown): Field {
  const type = isObject(value) ? value.type : undefined
  if (!isObject(value) || typeof type !== 'string' || !Object.hasOwn(OWN_MEMBER, type)) {
    throw new InvalidSpec(
      where,
      value,
      `an object whose type is one of ${Object.keys(OWN_MEMBER).join(', ')}`,
    )
  }
  const own = OWN_MEMBER[type as Field['type']]
  const known = own === null ? ['type'] : ['type', own]
  const missing = known.some((name) => !Object.hasOwn(value, name))
  if (missing || Object.keys(value).some((name) => name !== 'optional' && !known.includes(name))) {
    throw new InvalidSpec(where, value, `the members ${known.join(', ')} and perhaps optional`)
  }
  if (Object.hasOwn(value, 'optional') && value.optional !== true) {
    throw new InvalidSpec(`${where}.optional`, value.optional, 'true, or no such member')
  }
  const optional = Object.hasOwn(value, 'optional')
  switch (type as Field['type']) {
    case 'integer':
      return { type: 'integer', optional }
    case 'decimal':
      return {
        type: 'decimal',
        scale: checkInteger(`${where}.scale`, value.scale, 0, MAX_DECIMAL_SCALE),
        optional,
      }
    case 'boolean':
      return { type: 'boolean', optional }
    case 'enum':
      return { type: 'enum', values: checkVocabulary(`${where}.values`, value.values), optional }
    case 'string':
      return {
        type: 'string',
        max: checkInteger(`${where}.max`, value.max, 1, MAX_STRING_CODE_POINTS),
        optional,
      }
  }
}

/** Return a value where it is an integer of low .. high, else throw InvalidSpec. */
export function checkInteger(where: string, value: unknown, low: number, high: number): number {
  if (!isSafeInteger(value) || value < low || value > high) {
    throw new InvalidSpec(where, value, `an integer of ${low} .. ${high}`)
  }
  return value + 0
}

/** Return a name where it is one that every language and file can use, else throw InvalidSpec. */
export function checkName(what: string, name: unknown): string {
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)) {
    throw new InvalidSpec(what, name, 'a letter, then up to 63 letters, digits or _')
  }
  return name
}

/** Return a name where it is one of a field or attribute, none of what a table of events calls its own, else throw InvalidSpec. */
function checkFieldName(what: string, name: string): string {
  if (RESERVED.includes(checkName(what, name))) {
    throw new InvalidSpec(what, name, `another name than ${RESERVED.join(', ')}`)
  }
  return name
}

/** Return a list of distinct strings that can be keys of a state, else throw InvalidSpec. */
export function checkVocabulary(what: string, values: unknown): readonly string[] {
  const expected = `1 to ${MAX_VOCABULARY} distinct strings of 1 to ${MAX_KEY_CODE_POINTS} code points, none ${OTHER_KEY}`
  if (!Array.isArray(values) || values.length < 1 || values.length > MAX_VOCABULARY) {
    throw new InvalidSpec(what, values, expected)
  }
  for (const value of values as unknown[]) {
    if (value === OTHER_KEY || !isKey(value)) throw new InvalidSpec(what, value, expected)
  }
  if (new Set(values).size !== values.length) throw new InvalidSpec(what, values, expected)
  return values as string[]
}

/** Whether a value may be a key of a state, in this vocabulary or another's. */
export function isKey(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && hasAtMost(MAX_KEY_CODE_POINTS, value) && isWellFormed(value)
  )
}
