import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Model, openModel, RUNTIME_FILES, RUNTIME_VERSION } from '../../../web_client/src/model/index.js'
import { jsonOf, readBundle } from '../bundles.js'
import { FAILS_WHEN_RUN, INT64_LABEL, ZIP_MAP } from '../models.js'

const files = readBundle('tree')
const { inputs: declared } = jsonOf(files, 'manifest.json').model
const bytes = files['model.onnx'] as Uint8Array
const require = createRequire(new URL('../../../web_client/package.json', import.meta.url))

let model: Model
beforeAll(async () => {
  model = await openModel(bytes)
})

/** A batch of `rows` rows of zeros and empty strings. */
function batch(rows: number): Parameters<Model['run']>[0] {
  return Object.fromEntries(
    (declared as { name: string; type: string; shape: [null, number] }[]).map(({ name, type, shape }) => {
      const length = rows * shape[1]
      const data = type === 'string' ? Array<string>(length).fill('') : new Float64Array(length)
      return [name, { shape: [rows, shape[1]], data }]
    }),
  )
}

describe('a model', () => {
  test('tells its inputs by name, ONNX type and shape, the batch being free', () => {
    expect(model.inputs).toEqual(declared)
  })

  test.each([1, 3])('gives a label and probabilities for each of %i rows', async (rows) => {
    const { label, probabilities } = await model.run(batch(rows))
    expect([label?.type, label?.shape, label?.data.length]).toEqual(['int32', [rows], rows])
    expect([probabilities?.type, probabilities?.shape]).toEqual(['double', [rows, 2]])
    const [no, yes] = Array.from(probabilities?.data ?? [], Number) as [number, number]
    expect(no + yes).toBeCloseTo(1, 12)
  })

  test('answers runs asked for at once as it answers them one by one', async () => {
    const alone = await model.run(batch(1))
    const together = await Promise.all(Array.from({ length: 8 }, () => model.run(batch(1))))
    for (const outputs of together) expect(outputs).toEqual(alone)
  })

  test.each([
    ['missing', () => ({})],
    ['unknown', () => ({ ...batch(1), weight: { shape: [1], data: new Float64Array(1) } })],
    ['too narrow', () => ({ ...batch(1), numbers: { shape: [1, 1], data: new Float64Array(1) } })],
    ['of another type', () => ({ ...batch(1), numbers: { ...batch(1).numbers, data: ['a'] } })],
    [
      'shorter than its shape',
      () => ({ ...batch(1), numbers: { ...batch(1).numbers, data: new Float64Array(1) } }),
    ],
  ])('refuses an input that is %s', async (_what, inputs) => {
    await expect(model.run(inputs() as Parameters<Model['run']>[0])).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidInput' }),
    )
  })

  test('gives int64 as BigInt64Array', async () => {
    const model = await openModel(INT64_LABEL)
    const numbers = { shape: [2, 2], data: Float64Array.of(1, 2, 4, 3) }
    expect((await model.run({ numbers })).label).toEqual({
      type: 'int64',
      shape: [2],
      data: BigInt64Array.of(1n, 0n),
    })
    await model.close()
  })

  test('that breaks off tells why, and the next one runs', async () => {
    const failing = await openModel(FAILS_WHEN_RUN)
    const run = failing.run({ numbers: { shape: [1, 1], data: Float64Array.of(0) } })
    await expect(run).rejects.toThrow(
      expect.objectContaining({ name: 'ModelFailed', reason: expect.stringContaining('idx=5') }),
    )
    await failing.close()
    expect(await model.run(batch(1))).toHaveProperty('label')
  })

  test('runs no more once it is closed, and may be closed again', async () => {
    const closing = await openModel(bytes)
    const underWay = closing.run(batch(1))
    await closing.close()
    await closing.close()
    expect(await underWay).toHaveProperty('label')
    await expect(closing.run(batch(1))).rejects.toThrow(expect.objectContaining({ name: 'ModelClosed' }))
  })
})

describe('opening a model', () => {
  test('refuses bytes that are none', async () => {
    const refused = expect.objectContaining({ name: 'InvalidModel', runtime: 'onnxruntime' })
    await expect(openModel(new Uint8Array([1, 2, 3]))).rejects.toThrow(refused)
  })

  test('refuses an output that is no tensor, by name', async () => {
    const refused = expect.objectContaining({ name: 'InvalidModel', reason: 'probabilities is not a tensor' })
    await expect(openModel(ZIP_MAP)).rejects.toThrow(refused)
  })

  test('refuses a runtime that there is not', async () => {
    const refused = expect.objectContaining({ name: 'RuntimeNotLoaded', runtime: 'abacus' })
    await expect(openModel(bytes, { runtime: 'abacus' as 'onnxruntime' })).rejects.toThrow(refused)
  })
})

describe('the list of files that the runtime fetches', () => {
  test('is of the version that is installed', () => {
    const { dependencies } = require('./package.json') as { dependencies: Record<string, string> }
    expect(dependencies['onnxruntime-web']).toBe(RUNTIME_VERSION)
  })

  test('names files that the package exports', () => {
    for (const file of RUNTIME_FILES) {
      expect(readFileSync(require.resolve(`onnxruntime-web/${file}`)).length).toBeGreaterThan(1e6)
    }
  })
})
