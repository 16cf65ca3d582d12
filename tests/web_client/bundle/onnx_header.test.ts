import { describe, expect, test } from 'vitest'
import { type BundleFiles, InvalidBundle, openBundle } from '../../../web_client/src/bundle/index.js'
import { parseManifest } from '../../../web_client/src/bundle/manifest.js'
import { checkHeader, type OnnxHeader, readHeader } from '../../../web_client/src/bundle/onnx_header.js'
import { changed, type Json, jsonOf, readBundle } from '../bundles.js'
import { ZIP_MAP } from '../models.js'

const FLIPS = 2_000
const SEED = 20

const tree = readBundle('tree')
const model = tree['model.onnx'] as Uint8Array
const manifest = parseManifest(tree['manifest.json'] as Uint8Array)
const own = jsonOf(tree, 'manifest.json').model.operators as string[]

/** The error that opening a bundle throws. */
async function refusal(files: BundleFiles): Promise<InvalidBundle> {
  try {
    await (await openBundle(files)).close()
  } catch (error) {
    if (error instanceof InvalidBundle) return error
    throw error
  }
  throw new Error('the bundle was opened')
}

/** The header of bytes, undefined where they are refused; any other error is thrown. */
function headerOf(bytes: Uint8Array, read: (bytes: Uint8Array) => OnnxHeader): OnnxHeader | undefined {
  try {
    return read(bytes)
  } catch (error) {
    if (error instanceof InvalidBundle) return undefined
    throw error
  }
}

const withModel = (bytes: Uint8Array) => changed(tree, () => {}, { 'model.onnx': bytes })

/** A message's field of wire type 2. */
const field = (number: number, ...content: number[]) => [
  (number << 3) | 2,
  0x80 | (content.length & 0x7f),
  content.length >> 7,
  ...content,
]
const NODE_EXP = field(1, ...field(4, ...Buffer.from('Exp')))
const FUNCTION_EXP = field(7, ...field(4, ...Buffer.from('Exp')))
/** protobuf merges a message that is given again into the first. */
const withMore = (...fields: number[]) => new Uint8Array([...model, ...fields])
const withOpset = (domain: string, version: number) =>
  withMore(...field(8, ...field(1, ...Buffer.from(domain)), 0x10, version))

test.each(['tree', 'linear'] as const)('the header of the %s model is what its manifest says', (name) => {
  const files = readBundle(name)
  const header = readHeader('model.onnx', files['model.onnx'] as Uint8Array)
  expect(header.operators).toEqual(jsonOf(files, 'manifest.json').model.operators)
  expect([header.irVersion, ...header.opsets]).toEqual([10, ['ai.onnx', 21], ['ai.onnx.ml', 5]])
  expect(header.hasExternalData).toBe(false)
})

test.each([
  ['less', own.slice(1)],
  ['more', [...own, 'Exp']],
  ['all others', own.map(() => 'Exp')],
])('a manifest that lists operators %s than the model has is refused', async (_what, operators) => {
  const error = await refusal(changed(tree, (m: Json) => Object.assign(m.model, { operators })))
  expect(error).toMatchObject({
    file: 'model.onnx operators',
    value: own,
    expected: `${[...new Set(operators)].sort().join(', ')}, as manifest.json says`,
  })
})

describe('a model is refused, though its hash is right, with', () => {
  test.each<[string, Uint8Array, string, unknown]>([
    ['a newer IR version', withMore(0x08, 11), 'ir_version', 11],
    ['no IR version', model.subarray(2), 'ir_version', 0],
    ['a newer opset', withOpset('', 22), 'opset_import', 'ai.onnx 22'],
    ['a newer opset beside, by its other name', withOpset('ai.onnx', 22), 'opset_import', 'ai.onnx 22'],
    ['a newer opset of ai.onnx.ml', withOpset('ai.onnx.ml', 6), 'opset_import', 'ai.onnx.ml 6'],
    ['an opset of another domain', withOpset('com.example', 1), 'opset_import', 'com.example 1'],
    ['data in another file', withMore(...field(7, ...field(5, 0x70, 1))), 'data_location', 'EXTERNAL'],
    [
      'data of an attribute in another file',
      withMore(...field(7, ...field(1, ...field(5, ...field(5, 0x70, 1))))),
      'data_location',
      'EXTERNAL',
    ],
    ['a ZipMap', ZIP_MAP, 'operators', 'ai.onnx.ml.ZipMap'],
    [
      'an undeclared operator in an inner graph',
      withMore(
        ...field(7, ...field(1, ...field(4, ...Buffer.from('If')), ...field(5, ...field(6, ...NODE_EXP)))),
      ),
      'operators',
      [...own, 'Exp', 'If'].sort(),
    ],
    [
      'an undeclared operator in a function',
      // field 25 has a key of two bytes
      withMore(0xca, 0x01, FUNCTION_EXP.length, ...FUNCTION_EXP),
      'operators',
      [...own, 'Exp'].sort(),
    ],
  ])('%s', async (_what, bytes, what, value) => {
    expect(await refusal(withModel(bytes))).toMatchObject({ file: `model.onnx ${what}`, value })
  })
})

test.each([
  ['an integer without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ['a graph longer than the file', [0x3a, 0x7f]],
  ['a group', [0x0b]],
  ['a field 0', [0, 0]],
  ['a node longer than its graph', [0x3a, 0x02, 0x0a, 0x7f]],
  ['an operator that is not UTF-8', [0x3a, 0x05, 0x0a, 0x03, 0x22, 0x01, 0xff]],
])('%s is no ONNX model', async (_what, bytes) => {
  expect(await refusal(withModel(new Uint8Array(bytes)))).toMatchObject({
    file: 'model.onnx',
    value: expect.stringContaining('byte'),
    expected: 'an ONNX model',
  })
})

test('bytes that look like another format are loaded as the ONNX that was checked', async () => {
  // onnxruntime takes a file for its own format where the bytes 4 .. 7 are ORTM: here they are of a doc_string
  const bytes = new Uint8Array([0x32, 6, ...Buffer.from('xxORTM'), ...model])
  const bundle = await openBundle(withModel(bytes))
  expect(bundle.manifest.operators).toEqual(own)
  await bundle.close()
})

test('graphs nested beyond the limit of protobuf are refused', () => {
  let graph: number[] = []
  for (let depth = 0; depth < 40; depth++) {
    // the model, its graph, and 32 times node, attribute and graph are 98 messages
    if (depth === 32) expect(readHeader('x', new Uint8Array(field(7, ...graph))).operators).toEqual([''])
    graph = field(1, ...field(5, ...field(6, ...graph)))
  }
  expect(() => readHeader('x', new Uint8Array(field(7, ...graph)))).toThrow('100 messages in each other')
})

/** Every truncation of a model, and copies with one to three changed bytes. */
function damaged(bytes: Uint8Array): readonly Uint8Array[] {
  let state = SEED
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const truncations = Array.from(bytes, (_byte, size) => bytes.subarray(0, size))
  const flips = Array.from({ length: FLIPS }, () => {
    const copy = bytes.slice()
    for (let count = 1 + random(3); count > 0; count--) {
      const place = random(copy.length)
      copy[place] = (copy[place] as number) ^ (1 + random(255))
    }
    return copy
  })
  return [...truncations, ...flips]
}

test('each damage of a model is refused or leaves what it needs', () => {
  const copies = damaged(model)
  const found = copies.map((copy) =>
    headerOf(copy, (bytes) => {
      checkHeader(manifest, bytes)
      return readHeader('model.onnx', bytes)
    }),
  )
  const read = found.filter((header) => header !== undefined)
  for (const { operators, opsets } of read) {
    expect([operators, [...opsets.keys()].sort()]).toEqual([own, ['ai.onnx', 'ai.onnx.ml']])
  }
  expect(copies.length - read.length).toBeGreaterThan(model.length - 10)
  expect(read.length).toBeGreaterThan(0)
})
