/** Canonical JSON (RFC 8785), the form whose bytes are compared and hashed, and exact integers in it. */

import { sha256 } from './sha256.js'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject | ReadonlyMap<string, Json>
export interface JsonObject {
  readonly [member: string]: Json
}

/** An exact integer: a number while |n| < 2^53, a bigint beyond, never the other way round. */
export type Quantity = number | bigint

/** Return the canonical text of a JSON value (RFC 8785). A Map is written as an object.
 *
 *  @throws TypeError for what JSON cannot say: NaN, infinities, undefined members. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value instanceof Map) return writtenObject([...value.keys()], (name) => value.get(name))
  if (typeof value === 'object' && value !== null) {
    return writtenObject(Object.keys(value), (name) => (value as Record<string, unknown>)[name])
  }
  const fits =
    value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value)
  if (!fits) throw new TypeError(`${String(value)} has no JSON`)
  return JSON.stringify(value)
}

function writtenObject(names: string[], member: (name: string) => unknown): string {
  // RFC 8785 sorts by UTF-16 code units, as JavaScript's sort does.
  names.sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(member(name))}`).join(',')}}`
}

/** Return a JSON value as parsing its text would give it: each Map an object. */
export function plainJson(value: Json): Json {
  if (!(value instanceof Map)) return value
  return Object.fromEntries(
    [...(value as ReadonlyMap<string, Json>)].map(([name, held]) => [name, plainJson(held)]),
  )
}

/** Return the SHA-256 of a value's canonical JSON, in lower-case hex. */
export function contentHash(value: unknown): string {
  return sha256(canonicalJson(value))
}

/** Parse JSON text.
 *
 *  @throws SyntaxError also for a member given twice, since languages differ on which one counts. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  const objects: Set<string>[] = []
  for (const [token, , colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (colon) {
      const names = objects.at(-1) as Set<string>
      const name = JSON.parse(token.slice(0, -colon.length)) as string
      if (names.has(name)) throw new SyntaxError(`member ${JSON.stringify(name)} is given twice`)
      names.add(name)
    }
  }
  return value
}

/** Whether a value is a JSON object, as opposed to an array, null or a scalar. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Return an own member of an object, undefined where there is none: `toString` is not a member of `{}`. */
export function member(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Whether a value is an integer that every language holds exactly in a number. */
export function isSafeInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

/** Return a + b, exactly. */
export function add(a: Quantity, b: Quantity): Quantity {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return quantity(BigInt(a) + BigInt(b))
}

/** Return an integer in its one form as a Quantity. */
export function quantity(value: bigint): Quantity {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Return an exact integer as JSON: a number while every language holds it, else its digits. */
export function encodeInteger(value: Quantity): number | string {
  return typeof value === 'number' ? value : value.toString()
}

/** Return the integer that `encodeInteger` wrote, or undefined where it can't have. */
export function decodeInteger(value: unknown): Quantity | undefined {
  if (typeof value === 'string') {
    if (!/^-?[1-9][0-9]{0,39}$/.test(value)) return undefined
    const decoded = quantity(BigInt(value))
    return typeof decoded === 'bigint' ? decoded : undefined
  }
  return isSafeInteger(value) ? value + 0 : undefined
}

/** Compare two strings by code point; UTF-16 order differs above U+FFFF.
 *
 *  @returns a negative number, 0 or a positive number. */
export function compareStrings(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (left !== right) {
      // A surrogate begins a code point above every other code unit's.
      const [leftHigh, rightHigh] = [isSurrogate(left), isSurrogate(right)]
      return leftHigh === rightHigh ? left - right : leftHigh ? 1 : -1
    }
  }
  return a.length - b.length
}

/** Whether a string has no lone surrogate, so that it is the same in UTF-8 and UTF-16. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

/** Whether a string has at most `max` code points. */
export function hasAtMost(max: number, text: string): boolean {
  return text.length <= max || (text.length <= 2 * max && [...text].length <= max)
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
