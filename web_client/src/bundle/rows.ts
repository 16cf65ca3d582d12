/** Rows of features to the model's input tensors. */

import type { Input } from '../model/index.js'
import { InvalidRows } from './errors.js'
import type { Manifest } from './manifest.js'

/** onnxruntime-web's strings end at a NUL; a lone surrogate becomes this by itself. */
const REPLACEMENT = '\ufffd'

/** A row of features, as `features(…)` gives it. */
export type Row = Readonly<Record<string, number | string | null>>

/** Return the input tensors of one row: `numbers` (1, n) float64 with NaN where missing, `strings` (1, k) with '' there,
 *  since ONNX has no null.
 *
 *  @throws InvalidRows a feature is missing or of a wrong type. */
export function asInputs(manifest: Manifest, row: Row): Record<string, Input> {
  const numbers = new Float64Array(manifest.features.filter(({ input }) => input === 'numbers').length)
  const strings: string[] = []
  for (const { name, input, column } of manifest.features) {
    const value = Object.hasOwn(row, name) ? row[name] : undefined
    if (value === undefined) throw new InvalidRows(name, value, 'a value in each row')
    if (input === 'numbers') numbers[column] = numberOf(name, value)
    else strings[column] = textOf(name, value)
  }
  const tensors: Readonly<Record<string, Float64Array | readonly string[]>> = { numbers, strings }
  return Object.fromEntries(
    manifest.inputs.map(({ name }) => {
      const data = tensors[name] as Float64Array | readonly string[]
      return [name, { shape: [1, data.length], data }]
    }),
  )
}

function numberOf(name: string, value: number | string | null): number {
  if (value === null) return Number.NaN
  if (typeof value !== 'number') throw new InvalidRows(name, value, 'a number, or null where it is missing')
  return value
}

function textOf(name: string, value: number | string | null): string {
  if (value === null || Number.isNaN(value)) return ''
  if (typeof value !== 'string') throw new InvalidRows(name, value, 'a string, or null where it is missing')
  return value.replaceAll('\0', REPLACEMENT)
}
