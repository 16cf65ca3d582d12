/** The manifest: what a bundle says of itself, parsed once from untrusted JSON. */

import { isObject, parseJson } from '../reducer/canonical.js'
import { InvalidBundle } from './errors.js'

const FORMAT = 1
const INPUT_TYPES: Readonly<Record<string, string>> = { numbers: 'double', strings: 'string' }
export const MANIFEST_FILE = 'manifest.json'

export type Label = number | string | boolean

/** An input or output of the model; null in `shape` is the batch. */
export interface Tensor {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | null)[]
}

/** A feature of the model's input row: its place is `column` of the tensor `input`. */
export interface BundleFeature {
  readonly name: string
  readonly type: 'number' | 'string'
  readonly input: 'numbers' | 'strings'
  readonly column: number
}

/** The content of one file of the bundle. */
export interface BundleFile {
  readonly sha256: string
  readonly bytes: number
}

/** A bundle's manifest. `members` is the whole of it as JSON. Immutable. */
export interface Manifest {
  readonly name: string
  readonly version: number
  readonly expires: string | null
  readonly spec: string
  readonly modelFile: string
  readonly operators: readonly string[]
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly labels: readonly Label[]
  readonly threshold: number | null
  readonly features: readonly BundleFeature[]
  readonly files: ReadonlyMap<string, BundleFile>
  readonly tolerance: number
  readonly members: Readonly<Record<string, unknown>>
}

/** Whether the bundle's last moment is past; milliseconds since the Unix epoch. */
export function expired(manifest: Manifest, nowMs: number): boolean {
  return manifest.expires !== null && timeOf(manifest.expires) <= nowMs
}

/** Build a manifest from its bytes.
 *
 *  @throws InvalidBundle names the member, its value, and what was expected. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const members = objectAt('', readJson(MANIFEST_FILE, bytes))
  if (members.edgefold !== FORMAT) {
    throw invalid('edgefold', members.edgefold, `${FORMAT}, the format that this version reads`)
  }
  if (members.signature !== null) {
    throw invalid('signature', members.signature, 'null, since this version does not verify signatures')
  }
  const model = objectAt('model', members.model)
  const labels = listAt('labels', members.labels)
  if (labels.length < 2 || !labels.every(isLabel)) throw invalid('labels', labels, 'two labels or more')
  const inputs = tensorsAt('model.inputs', model.inputs)
  const outputs = tensorsAt('model.outputs', model.outputs)
  const features = listAt('features', members.features).map(featureAt)
  checkColumns(inputs, features)
  checkOutputs(outputs, labels.length)
  return frozen({
    name: textAt('name', members.name),
    version: wholeAt('version', members.version, 1),
    expires: expiresAt(members.expires),
    spec: textAt('spec', members.spec),
    modelFile: textAt('model.file', model.file),
    operators: listAt('model.operators', model.operators).map((name) => textAt('model.operators', name)),
    inputs,
    outputs,
    labels,
    threshold: thresholdAt(members.threshold, labels.length),
    features,
    files: new Map(Object.entries(objectAt('files', members.files)).map(fileAt)),
    tolerance: toleranceAt(objectAt('parity', members.parity).tolerance),
    members,
  })
}

/** Return the JSON of a file of the bundle.
 *
 *  @throws InvalidBundle it is not UTF-8, not JSON, or gives a member twice. */
export function readJson(file: string, bytes: Uint8Array): unknown {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    throw new InvalidBundle(file, (error as Error).message, 'JSON', { cause: error })
  }
}

/** Return an ISO 8601 time as milliseconds since the Unix epoch, NaN where it is none; without a zone it is UTC. */
function timeOf(text: string): number {
  const zoned = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (zoned === null) return Number.NaN
  const midnightMs = Date.parse(text.slice(0, 10))
  // JavaScript reads February 30 as March 2, and an hour 24
  const isDay = !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(text.slice(0, 10))
  if (!isDay || text.slice(10, 13) === 'T24') return Number.NaN
  // JavaScript reads a date-time without a zone as local time
  return Date.parse(zoned[1] !== undefined && zoned[4] === undefined ? `${text}Z` : text)
}

/** The features of a tensor fill its columns, each once: otherwise a value would go where no feature is declared. */
function checkColumns(inputs: readonly Tensor[], features: readonly BundleFeature[]): void {
  for (const { name, type, shape } of inputs) {
    if (!Object.hasOwn(INPUT_TYPES, name) || INPUT_TYPES[name] !== type) {
      throw invalid('model.inputs', [name, type], `one of ${JSON.stringify(INPUT_TYPES)}`)
    }
    const columns = features.filter(({ input }) => input === name).map(({ column }) => column)
    const filled = [...columns].sort((a, b) => a - b).every((column, index) => column === index)
    if (!filled || shape.length !== 2 || shape[0] !== null || shape[1] !== columns.length) {
      throw invalid('features', columns, `a column each of ${name}, of shape ${JSON.stringify(shape)}`)
    }
  }
  const names = inputs.map(({ name }) => name)
  if (new Set(names).size < names.length) throw invalid('model.inputs', names, 'each input once')
  const lost = features.find(({ input }) => !names.includes(input))
  if (lost !== undefined) {
    throw invalid('features', lost.name, `features of the model's inputs: ${names.join(', ')}`)
  }
}

function checkOutputs(outputs: readonly Tensor[], labels: number): void {
  const shown = outputs.map(({ name, type, shape }) => JSON.stringify([name, type, shape])).sort()
  if (shown.join() !== `["label","int32",[null]],["probabilities","double",[null,${labels}]]`) {
    const expected = `label, int32 of shape [null], and probabilities, double of shape [null, ${labels}]`
    throw invalid('model.outputs', outputs, expected)
  }
}

function isLabel(value: unknown): value is Label {
  return ['number', 'string', 'boolean'].includes(typeof value)
}

function thresholdAt(value: unknown, labels: number): number | null {
  if (value === null || (typeof value === 'number' && labels === 2)) return value
  throw invalid('threshold', value, 'null, or a number with two labels')
}

function expiresAt(value: unknown): string | null {
  if (value === null || !Number.isNaN(timeOf(textAt('expires', value)))) return value as string | null
  throw invalid('expires', value, 'an ISO 8601 time, or null')
}

function toleranceAt(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value
  throw invalid('parity.tolerance', value, 'a number of 0 .. 1')
}

function tensorsAt(where: string, value: unknown): readonly Tensor[] {
  return listAt(where, value).map((member) => {
    const tensor = objectAt(where, member)
    const shape = listAt(`${where}.shape`, tensor.shape).map((size) =>
      size === null ? null : wholeAt(`${where}.shape`, size, 1),
    )
    return { name: textAt(`${where}.name`, tensor.name), type: textAt(`${where}.type`, tensor.type), shape }
  })
}

function featureAt(value: unknown): BundleFeature {
  const { name, type, input, column } = objectAt('features', value)
  const number = type === 'number' && input === 'numbers'
  if (!number && !(type === 'string' && input === 'strings')) {
    throw invalid('features', value, 'a number in numbers or a string in strings')
  }
  const feature = textAt('features.name', name)
  const place = number ? ({ type, input } as const) : ({ type: 'string', input: 'strings' } as const)
  return { name: feature, ...place, column: wholeAt(`features.${feature}.column`, column, 0) }
}

function fileAt([name, value]: [string, unknown]): [string, BundleFile] {
  const { sha256, bytes } = objectAt(`files.${name}`, value)
  if (/[/\\]|^\./.test(name)) throw invalid('files', name, 'a plain file name')
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw invalid(`files.${name}.sha256`, sha256, '64 lower-case hex digits')
  }
  return [name, { sha256, bytes: wholeAt(`files.${name}.bytes`, bytes, 0) }]
}

function objectAt(where: string, value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw invalid(where, value, 'an object')
  return value
}

function listAt(where: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(where, value, 'a list')
  return value
}

function textAt(where: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw invalid(where, value, 'a string')
  return value
}

function wholeAt(where: string, value: unknown, low: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < low) {
    throw invalid(where, value, `an integer of at least ${low}`)
  }
  return value as number
}

function invalid(where: string, value: unknown, expected: string): InvalidBundle {
  return new InvalidBundle(`${MANIFEST_FILE} ${where}`.trim(), value, expected)
}

/** Freeze a value and all in it, without recursion: untrusted JSON may be nested deeper than the stack. */
function frozen<T>(value: T): T {
  const waiting: unknown[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const member of Object.values(next)) waiting.push(member ?? null)
  }
  return value
}
