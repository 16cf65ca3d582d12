/** What an ONNX file says that it needs, read from its bytes: onnxruntime tells none of it.
 *
 *  Source: onnx.proto of ONNX 1.18, and the wire format at https://protobuf.dev/programming-guides/encoding. */

import { InvalidBundle } from './errors.js'
import { MANIFEST_FILE, type Manifest } from './manifest.js'

const ONNX = 'ai.onnx'
const MAX_IR_VERSION = 10
const MAX_OPSETS: ReadonlyMap<string, number> = new Map([
  [ONNX, 21],
  ['ai.onnx.ml', 5],
])
const FORBIDDEN = 'ai.onnx.ml.ZipMap'
/** protobuf's own limit of messages in messages. */
const MAX_DEPTH = 100
const MAX_KEY = 2 ** 32 - 1
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 }

type Kind = 'model' | 'training' | 'function' | 'graph' | 'node' | 'attribute' | 'sparse' | 'opset' | 'tensor'

/** The messages inside each kind of message, by field number; no other holds an operator, a version or a data location. */
const INSIDE: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: 'graph', 8: 'opset', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 9: 'opset', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  opset: {},
  tensor: {},
}

/** ir_version; domain and version; op_type and domain; data_location. */
const KEPT: Partial<Record<Kind, readonly number[]>> = {
  model: [1],
  opset: [1, 2],
  node: [4, 7],
  tensor: [14],
}

/** What a model needs of a runtime, in all of its graphs, functions and subgraphs. */
export interface OnnxHeader {
  readonly irVersion: number
  /** The version by domain. */
  readonly opsets: ReadonlyMap<string, number>
  /** Sorted; those of another domain than `ai.onnx` with its name before them. */
  readonly operators: readonly string[]
  readonly hasExternalData: boolean
}

/** Return the header of an ONNX model's bytes; `file` names it in errors.
 *
 *  @throws InvalidBundle they are no protobuf message of that form. */
export function readHeader(file: string, content: Uint8Array): OnnxHeader {
  let irVersion = 0
  const opsets = new Map<string, number>()
  const operators = new Set<string>()
  let hasExternalData = false
  let at = 0

  /** Read the message from `at` to `end` and all inside. */
  function walk(kind: Kind, end: number, depth: number): void {
    if (depth >= MAX_DEPTH) throw malformed(`${depth} messages in each other at byte ${at}`)
    const numbers: Record<number, number> = {}
    const texts: Record<number, Uint8Array> = {}
    while (at < end) {
      const start = at
      const key = varint(end)
      const [number, wire] = [Math.floor(key / 8), key % 8]
      if (number === 0 || key > MAX_KEY || ![0, 1, 2, 5].includes(wire)) {
        throw malformed(`no field of a message at byte ${start}`)
      }
      const value = wire === 0 || wire === 2 ? varint(end) : 0
      const size = wire === 2 ? value : (FIXED_BYTES[wire] ?? 0)
      if (size > end - at) {
        throw malformed(`a field of ${size} bytes at byte ${start}, ${end - at} being left`)
      }
      const next = at + size
      const inside = INSIDE[kind][number]
      if (wire === 2 && inside !== undefined) walk(inside, next, depth + 1)
      else if (KEPT[kind]?.includes(number)) {
        if (wire === 0) numbers[number] = Math.max(value, numbers[number] ?? 0)
        if (wire === 2) texts[number] = content.subarray(at, next)
      }
      at = next
    }
    if (kind === 'model') irVersion = numbers[1] ?? 0
    else if (kind === 'opset') {
      const domain = text(texts[1]) || ONNX
      opsets.set(domain, Math.max(numbers[2] ?? 0, opsets.get(domain) ?? 0))
    } else if (kind === 'node') {
      const [domain, name] = [text(texts[7]), text(texts[4])]
      operators.add(domain === '' || domain === ONNX ? name : `${domain}.${name}`)
    } else if (kind === 'tensor') hasExternalData ||= (numbers[14] ?? 0) !== 0
  }

  /** Read an integer of at most ten bytes. */
  function varint(end: number): number {
    const start = at
    let value = 0
    for (let scale = 1; at < end && at < start + 10; scale *= 128) {
      const byte = content[at++] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw malformed(`an integer without an end at byte ${start}`)
  }

  function text(bytes: Uint8Array = new Uint8Array()): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      throw malformed(`a name that is not UTF-8 at byte ${bytes.byteOffset - content.byteOffset}`)
    }
  }

  function malformed(reason: string): InvalidBundle {
    return new InvalidBundle(file, reason, 'an ONNX model')
  }

  walk('model', content.length, 0)
  return { irVersion, opsets, operators: [...operators].sort(), hasExternalData }
}

/** Throw InvalidBundle unless a model needs only what the format allows and the manifest declares. */
export function checkHeader({ modelFile, operators }: Manifest, content: Uint8Array): void {
  const header = readHeader(modelFile, content)
  const refuse = (what: string, value: unknown, expected: string) => {
    throw new InvalidBundle(`${modelFile} ${what}`, value, expected)
  }
  if (header.irVersion < 1 || header.irVersion > MAX_IR_VERSION) {
    refuse('ir_version', header.irVersion, `1 .. ${MAX_IR_VERSION}`)
  }
  const domains = header.operators.map((name) => name.slice(0, Math.max(name.lastIndexOf('.'), 0)) || ONNX)
  for (const domain of [...new Set([...header.opsets.keys(), ...domains])].sort()) {
    const version = header.opsets.get(domain) ?? 0
    if (version >= 1 && version <= (MAX_OPSETS.get(domain) ?? 0)) continue
    const allowed = [...MAX_OPSETS].map(([name, most]) => `${name} 1 .. ${most}`)
    refuse('opset_import', `${domain} ${version}`, allowed.join(' and '))
  }
  if (header.hasExternalData) refuse('data_location', 'EXTERNAL', 'every tensor inside the file')
  if (header.operators.includes(FORBIDDEN)) {
    refuse('operators', FORBIDDEN, 'probabilities as a tensor, without it')
  }
  const declared = [...new Set(operators)].sort()
  if (JSON.stringify(declared) !== JSON.stringify(header.operators)) {
    refuse('operators', header.operators, `${declared.join(', ')}, as ${MANIFEST_FILE} says`)
  }
}
